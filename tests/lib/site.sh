# SPDX-License-Identifier: Apache-2.0
# Sourced by the cases that fetch something, behind build.sh: servers on loopback, which end with the
# shell that starts them.
# shellcheck shell=sh disable=SC2034,SC2154

# start_site: a server of the files in $SITE, at $URL, that knows ETags, wants a token below
# /private/, and writes down what it is asked
start_site() {
	command -v python3 >/dev/null || skip "no python3"
	command -v git >/dev/null || skip "no git"
	export HOME="$TEST_TMP" GIT_CONFIG_NOSYSTEM=1
	unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy
	git config --global user.name tester
	git config --global user.email tester@localhost
	git config --global init.defaultBranch main
	git config --global protocol.file.allow always
	SITE=$TEST_TMP/site
	mkdir -p "$SITE/private"
	cat >"$TEST_TMP/server.py" <<'END'
import hashlib, http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = os.path.join(sys.argv[1], self.path.split('?')[0].lstrip('/'))
        if self.path.startswith('/moved/'):
            self.send_response(302)
            self.send_header('Location', self.path[6:])
            self.end_headers()
            return
        if self.path.startswith('/private/') and \
                self.headers.get('Authorization') != 'Bearer letmein':
            return self.answer(401)
        if not os.path.isfile(path):
            return self.answer(404)
        data = open(path, 'rb').read()
        tag = '"%s"' % hashlib.md5(data).hexdigest()
        if self.headers.get('If-None-Match') == tag:
            return self.answer(304)
        self.answer(200, data, tag)
    def answer(self, code, data=b'', tag=None):
        self.send_response(code)
        if tag:
            self.send_header('ETag', tag)
            self.send_header('Last-Modified', 'Thu, 01 Jan 2015 00:00:00 GMT')
        if code != 304:
            self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)
    def log_message(self, form, *args):
        with open(sys.argv[2], 'a') as log:
            log.write(form % args + '\n')
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
open(sys.argv[3], 'w').write('%d\n' % server.server_port)
server.serve_forever()
END
	rm -f "$TEST_TMP/port"
	: >"$TEST_TMP/asked"
	python3 "$TEST_TMP/server.py" "$SITE" "$TEST_TMP/asked" "$TEST_TMP/port" 2>"$TEST_TMP/server.log" &
	servers=$!
	trap 'kill $servers 2>/dev/null' EXIT
	wait_for 10 test -s "$TEST_TMP/port"
	URL=http://127.0.0.1:$(cat "$TEST_TMP/port")
}

# asked PATTERN: how often the server was
asked() {
	grep -c -- "$1" "$TEST_TMP/asked" || true
}

# start_git DIRECTORY NAME: a server of its repositories, of which this is one, at $GIT; behind
# start_site
start_git() {
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	"$(git --exec-path)/git-daemon" --reuseaddr --listen=127.0.0.1 --port="$port" \
		--base-path="$1" --export-all "$1" >"$TEST_TMP/daemon.log" 2>&1 &
	servers="$servers $!"
	GIT=git://127.0.0.1:$port
	wait_for 10 git ls-remote -q "$GIT/$2" HEAD >/dev/null 2>&1
}
