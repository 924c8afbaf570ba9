# SPDX-License-Identifier: Apache-2.0
# Writes a Dockerfile of many small stages that are collected step by step, as programs write them
# that test one thing in hundreds of variants: with n=400 869 stages, 1330 COPY and 2407 RUN.
# awk -v n=400 -v base=scratch -f many_stages.awk
function collect(name, first, last, copies) {
	printf "FROM start AS %s\n", name
	for (i = first; i <= last && i <= n; i++) {
		printf "COPY --from=lock-%d /lock/state builds/%d/lock\n", i, i
		printf "COPY --from=build-%d /lock/result builds/%d/result\n", i, i
		printf "COPY --from=build-%d /lock/log logs/%d\n", i, i
	}
}
BEGIN {
	per = 6
	for (i = 1; i <= 12; i++)
		words = words "--with-option-" i "=/opt/of/" i " "
	printf "FROM %s AS start\nENV LC_ALL=C KIND=\"many stages\"\nWORKDIR /lock\n", base
	for (i = 1; i <= 7; i++)
		printf "RUN echo start %d >>state\n", i
	for (i = 1; i <= n; i++) {
		printf "FROM start AS lock-%d\n", i
		printf "RUN echo lock %d >>state && echo %s\nRUN echo more of %d >>state\n", i, words, i
		printf "RUN <<End-of-Script\ncat >>state <<\"EOF\"\n  the third of %d\nEOF\nEnd-of-Script\n", i
		printf "FROM lock-%d AS build-%d\n", i, i
		printf "RUN echo build %d >log && echo %s\n", i, words
		printf "RUN cat state log >result && echo %s\nRUN echo done >>log\n", words
	}
	collectors = int((n + per - 1) / per)
	for (c = 1; c <= collectors; c++) {
		collect("collect-" c, (c - 1) * per + 1, c * per)
		if (c > 1)
			printf "COPY --from=collect-%d /lock/builds/%d earlier\n", c - 1, (c - 2) * per + 1
	}
	printf "FROM start AS unified\n"
	for (c = 1; c <= collectors && c < 64; c++)
		printf "COPY --from=collect-%d /lock/builds builds\n", c
	printf "COPY --from=collect-%d /lock/logs logs\n", collectors
	printf "LABEL stages=\""
	for (i = 1; i <= n; i++)
		printf "%slock-%d and build-%d", (i > 1 ? ", " : ""), i, i
	printf "\"\n"
}
