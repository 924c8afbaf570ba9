# SPDX-License-Identifier: Apache-2.0
# awk -f report.awk TARGETS RESULTS: the JSON lines of a run as a table of medians and of medians of
# the ratios of each round, varve to the other.

function field(name,    rest)
{
	rest = $0
	if (!sub(".*\"" name "\":\"?", "", rest))
		return ""
	sub(/[",}].*/, "", rest)
	return rest
}

# The median of the numbers in a text with blanks between them.
function median(text,    list, count, i, j, swap)
{
	count = split(text, list, " ")
	for (i = 2; i <= count; i++)
		for (j = i; j > 1 && list[j] + 0 < list[j - 1] + 0; j--) {
			swap = list[j]
			list[j] = list[j - 1]
			list[j - 1] = swap
		}
	return count % 2 ? list[(count + 1) / 2] : (list[count / 2] + list[count / 2 + 1]) / 2
}

function shown(value, unit)
{
	if (unit == "s" && value < 0.0995)
		return sprintf("%.1f ms", value * 1000)
	return sprintf(value < 9.95 ? "%.2f %s" : "%.1f %s", value, unit)
}

function verdict(got, target)
{
	if (target == "")
		return "| |"
	return sprintf("| %s | %s |", target, got <= target + 0 ? "yes" : "**no**")
}

FILENAME == ARGV[1] {
	if ($0 !~ /^#/ && NF == 4)
		target[$1 "|" $2 "|" $3] = $4
	next
}

{
	bench = field("bench"); what = field("what"); system_ = field("system"); round = field("round") + 0
	key = bench "|" what
	if (!(key in unit)) {
		order[++keys] = key
		unit[key] = field("unit")
	}
	if (!((key, system_) in all))
		systems[key] = systems[key] " " system_
	all[key, system_] = all[key, system_] " " field("value")
	value[key, system_, round] = field("value")
	if (round > rounds[key])
		rounds[key] = round
}

# With one system, its own target; with more, a line for each other one.
function lines(key,    parts, list, count, i, ratios, round, mine, absolute)
{
	split(key, parts, "|")
	mine = (key, "varve") in all ? median(all[key, "varve"]) : ""
	count = split(systems[key], list, " ")
	absolute = target[key "|-"]
	if (absolute != "" || count == 1)
		printf "| %s | %s | %d | %s | | | %s\n", parts[1], parts[2], rounds[key],
			shown(mine, unit[key]),
			absolute == "" ? " | |" : sprintf("%s | %s |", shown(absolute, unit[key]),
				mine <= absolute + 0 ? "yes" : "**no**")
	for (i = 1; i <= count; i++) {
		if (list[i] == "varve")
			continue
		ratios = ""
		for (round = 1; round <= rounds[key]; round++)
			if (value[key, list[i], round] + 0 > 0 && (key, "varve", round) in value)
				ratios = ratios " " value[key, "varve", round] / value[key, list[i], round]
		printf "| %s | %s | %d | %s | %s %s | %.3f %s\n", parts[1], parts[2], rounds[key],
			shown(mine, unit[key]), list[i], shown(median(all[key, list[i]]), unit[key]),
			median(ratios), verdict(median(ratios), target[key "|" list[i]])
	}
}

END {
	print "| bench | what | rounds | varve | other | varve / other | target | met |"
	print "| --- | --- | --- | --- | --- | --- | --- | --- |"
	for (i = 1; i <= keys; i++)
		lines(order[i])
}
