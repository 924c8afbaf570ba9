# SPDX-License-Identifier: Apache-2.0
# How many layers an image has is decided when it is handed out; no step is done again for it.
. "$CASE_LIB"
. "$BUILD_LIB"
make_base
cd "$TEST_TMP" || exit

cat >"$CONTEXT/Dockerfile" <<'END'
FROM base AS tools
RUN echo 1 >/one && echo gone >/gone
ENV A=1
RUN echo 2 >/two
FROM tools AS app
WORKDIR /srv
RUN rm /gone && ln /one /srv/link
LABEL b=2
COPY <<EOF /srv/three
3
EOF
RUN chmod 4755 /srv/three
FROM app
RUN echo 4 >/four
END

# blob LAYOUT DIGEST; manifest LAYOUT: the document
blob() {
	cat "$1/blobs/sha256/${2#sha256:}"
}
first() {
	sed "s/.*\"$2\":{[^}]*\"digest\":\"\\([a-z0-9:]*\\)\".*/\\1/" "$1"
}
# facts LAYOUT: layers of the manifest, diff_ids, records of the history for a layer, and others
facts() {
	blob "$1" "$(sed 's/.*"digest":"\([a-z0-9:]*\)".*/\1/' "$1/index.json")" >manifest
	blob "$1" "$(first manifest config)" >config
	layers=$(grep -o 'layer\.v1\.tar' manifest | wc -l)
	ids=$(sed 's/.*"diff_ids":\[\([^]]*\)\].*/\1/' config | tr ',' '\n' | grep -c sha256)
	records=$(sed 's/.*"history":\[\(.*\)\].*/\1/; s/},{/}\n{/g' config | grep -c created)
	empty=$(grep -o '"empty_layer":true' config | wc -l)
	echo "$layers $ids $((records - empty)) $records"
}

echo "each way of counting: layers, digests, records that stand for one, all records"
for case in step:8 stage:4 squash:2 pack:3:3 pack:100:8 pack:1:1; do
	how=${case%:*}
	wanted=${case##*:}
	name=$(echo "$how" | tr -d :)
	build --layers="$how" --output "type=oci,dest=$name,tar=false" "$CONTEXT"
	expect "$how" "$wanted $wanted $wanted 10" "$(facts "$name")"
	[ "$how" = step ] || expect "steps of $how" 0 "$(count DONE)"
	build --layers="$how" --output "type=oci,dest=again,tar=false" "$CONTEXT"
	diff -r "$name" again || fail "$how is another one the second time"
	rm -r again
done

echo "the base image's layer stays, and all have the same files"
base=$(facts step >/dev/null && sed 's/.*"diff_ids":\["\([^"]*\)".*/\1/' config)
for how in stage squash pack3; do
	facts $how >/dev/null
	expect "base of $how" "$base" "$(sed 's/.*"diff_ids":\["\([^"]*\)".*/\1/' config)"
done
if command -v skopeo >/dev/null; then
	for how in step stage squash pack3 pack1; do
		skopeo copy -q --insecure-policy "oci:$PWD/$how" "dir:$PWD/skopeo.$how" ||
			fail "skopeo does not take $how"
	done
fi
if command -v umoci >/dev/null && [ "$(id -u)" = 0 ]; then
	for how in step stage squash pack3 pack1; do
		(cd "$how" && sed -i 's/"digest":/"annotations":{"org.opencontainers.image.ref.name":"x"},"digest":/' index.json)
		umoci unpack --image "$how:x" "bundle.$how" >/dev/null 2>umoci.log ||
			fail "umoci: $(cat umoci.log)"
		(cd "bundle.$how/rootfs" && find . -printf '%p %m %U:%G %l %n\n' | sort) >"files.$how"
	done
	grep -q '^./srv/three 4755' files.step || fail "$(cat files.step)"
	grep -q '^./gone' files.step && fail "what was deleted is back"
	for how in stage squash pack3 pack1; do
		diff files.step "files.$how" || fail "$how has other files"
	done
fi

echo "outputs may say it themselves; the image in the store is as --layers says"
build --layers=squash -t squashed --output "type=oci,dest=own,tar=false,layers=stage" \
	--output "type=oci,dest=default,tar=false" "$CONTEXT"
expect "its own" "4 4 4 10" "$(facts own)"
expect "the default" "2 2 2 10" "$(facts default)"
varve save --format oci -o saved.tar squashed
mkdir saved
tar -xf saved.tar -C saved
expect "the one in the store" "2 2 2 10" "$(facts saved)"
build --squash --output "type=oci,dest=docker,tar=false" "$CONTEXT"
expect "--squash" "2 2 2 10" "$(facts docker)"
build -t steps "$CONTEXT"
varve save --format oci --layers pack:2 -o saved.tar steps
tar -xf saved.tar -C saved
expect "saved" "2 2 2 10" "$(facts saved)"

echo "states of steps are there as ever"
expect "a step's" 4 "$(varve cat last:2:/four 2>/dev/null || at last cat "$AT/four")"
expect "an earlier one" gone "$(at last@tools:2 cat "$AT/gone")"

echo "other bases with the same files have their own layers below"
cat >"$CONTEXT/Dockerfile" <<'END'
FROM base
RUN echo x >/x
RUN rm /x
END
build -t twice "$CONTEXT"
printf 'FROM base\nRUN echo y >/y\n' >"$CONTEXT/Dockerfile"
build --output type=oci,dest=on-one,tar=false "$CONTEXT"
expect "on one layer" "2 2 2 2" "$(facts on-one)"
printf 'FROM twice\nRUN echo y >/y\n' >"$CONTEXT/Dockerfile"
build --output type=oci,dest=on-three,tar=false "$CONTEXT"
expect "on three layers" "4 4 4 4" "$(facts on-three)"

echo "what is no way of counting"
expect "status" 125 "$(code varve build --layers=many "$CONTEXT" 2>"$LOG")"
grep -q "'many': it is one of step, stage, squash and pack:N" "$LOG" || fail "$(cat "$LOG")"
expect "status" 125 "$(code varve save --layers=stage -o no steps 2>"$LOG")"
