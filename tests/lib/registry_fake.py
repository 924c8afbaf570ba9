# SPDX-License-Identifier: Apache-2.0
# registry_fake.py PORT-FILE LOG FAULT LAYOUT: a registry of one OCI layout that misbehaves. It gives
# image "app:1", and what goes wrong is FAULT. With "auth" it wants tokens, of which it gives some to
# user:secret itself; "basic" wants the password. What is pushed to "own" is looked at and forgotten.
import base64, hashlib, http.server, json, os, socket, sys, threading, time
from urllib.parse import urlsplit, parse_qs

fault, layout = sys.argv[3], sys.argv[4]
blobs = os.path.join(layout, 'blobs/sha256')
index = json.load(open(os.path.join(layout, 'index.json')))
top = index['manifests'][0]
password = 'Basic ' + base64.b64encode(b'user:secret').decode()
lowest = json.load(open(os.path.join(blobs, top['digest'][7:])))['layers'][0]['digest'][7:]
broken = set()
uploads = []
meeting = threading.Barrier(2)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == '/token':
            return self.token(parse_qs(url.query))
        if url.path.startswith('/elsewhere/'):
            # what comes here must not say who the user is
            if self.headers.get('Authorization'):
                return self.answer(400, b'{"message":"credentials for another host"}')
            return self.blob(url.path.split(':')[-1])
        if fault == 'auth' and self.headers.get('Authorization') != 'Bearer good':
            return self.challenge('Bearer realm="http://127.0.0.1:%d/token",service="fake",'
                                  'scope="repository:app:pull"' % port)
        if fault == 'basic' and self.headers.get('Authorization') != password:
            return self.challenge('Basic realm="fake"')
        if fault == 'nonsense':
            return self.challenge('Bearer realm="')
        if url.path.startswith('/v2/app/manifests/'):
            return self.manifest(url.path.rsplit('/', 1)[1])
        if url.path.startswith('/v2/app/blobs/sha256:'):
            return self.layer(url.path.rsplit(':', 1)[1])
        self.answer(200 if url.path == '/v2/' else 404, b'{}')

    # Uploads begin anew for each blob, and what there is of one stays with it, as with the registries
    # that append to it.
    def do_POST(self):
        self.rfile.read(int(self.headers.get('Content-Length') or 0))
        if fault == 'push-refused':
            return self.answer(403, b'{"errors":[{"code":"DENIED","message":"not by you"}]}')
        uploads.append(b'')
        self.answer(202, b'', {'Location': '/v2/own/blobs/uploads/%d' % (len(uploads) - 1)})

    def do_PUT(self):
        url = urlsplit(self.path)
        size = int(self.headers['Content-Length'])
        if url.path.startswith('/v2/own/manifests/'):
            self.rfile.read(size)
            return self.answer(201)
        number = int(url.path.rsplit('/', 1)[1])
        digest = parse_qs(url.query)['digest'][0]
        again = fault == 'push-cut-for-ever' or digest not in broken
        if fault.startswith('push-cut') and size > 100000 and again:
            broken.add(digest)
            uploads[number] += self.rfile.read(size // 2)
            self.log_message('"PUT" cut')
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return None
        uploads[number] += self.rfile.read(size)
        if fault == 'push-passing' and again:
            broken.add(digest)
            return self.answer(503, b'{}')
        if 'sha256:' + hashlib.sha256(uploads[number]).hexdigest() != digest:
            return self.answer(400, b'{"errors":[{"code":"DIGEST_INVALID","message":"other bytes"}]}')
        self.answer(201)

    def challenge(self, text):
        self.answer(401, b'{"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]}',
                    {'WWW-Authenticate': text})

    def token(self, query):
        if self.headers.get('Authorization') != password:
            return self.answer(401, b'{"details":"incorrect username or password"}')
        if query.get('scope') != ['repository:app:pull'] or query.get('service') != ['fake']:
            return self.answer(400, b'{"details":"another scope"}')
        self.answer(200, b'{"token":"good"}')

    def manifest(self, name):
        if name == 'none':
            return self.answer(404, b'{}')
        if fault == 'together' and self.command == 'HEAD' and not name.startswith('sha256:'):
            try:
                meeting.wait(20)
            except threading.BrokenBarrierError:
                return self.answer(404, b'{"errors":[{"message":"nobody else came"}]}')
        digest = name[7:] if name.startswith('sha256:') else top['digest'][7:]
        data = open(os.path.join(blobs, digest), 'rb').read()
        headers = {'Content-Type': json.loads(data)['mediaType']}
        if fault == 'headers':
            headers['X-Long'] = 'x' * 90000
        if fault == 'many-headers':
            headers.update({'X-%d' % i: 'y' * 1000 for i in range(90)})
        if fault == 'loop':
            return self.answer(307, b'', {'Location': self.path})
        if fault == 'type':
            headers['Content-Type'] = 'text/html'
        if fault == 'other-manifest' and self.command == 'GET':
            data += b' '
        if fault == 'huge-manifest' and self.command == 'GET':
            data += b' ' * (20 << 20)
        if fault != 'no-digest':
            headers['Docker-Content-Digest'] = 'sha256:' + digest
        self.answer(200, data, headers)

    def layer(self, digest):
        is_layer = open(os.path.join(blobs, digest), 'rb').read(2) == b'\x1f\x8b'
        if fault == 'redirect' or fault == 'auth':
            return self.answer(307, b'', {
                'Location': 'http://localhost:%d/elsewhere/sha256:%s' % (port, digest)})
        if not is_layer:
            if fault == 'together':
                meeting.wait(20)
            return self.blob(digest)
        if fault == 'together':
            time.sleep(2)
        if fault == 'elsewhere' and digest == lowest:
            return self.answer(404, b'{}')
        if fault == 'gone':
            os._exit(0)
        if fault == 'stall':
            self.send_response(200)
            self.send_header('Content-Length', '1000')
            self.end_headers()
            self.wfile.flush()
            time.sleep(300)
            return None
        if fault == 'downgrade':
            return self.answer(307, b'', {'Location': 'ftp://localhost/x'})
        if fault == 'passing' and digest not in broken:
            broken.add(digest)
            return self.answer(503, b'{}')
        return self.blob(digest)

    def blob(self, digest):
        path = os.path.join(blobs, digest)
        if not os.path.isfile(path):
            return self.answer(404)
        data = open(path, 'rb').read()
        if data[:2] != b'\x1f\x8b':
            return self.answer(200, data)
        if fault == 'corrupt':
            data = data[:-1] + bytes([data[-1] ^ 1])
        if fault == 'long':
            data += b'more'
        if fault == 'short':
            data = data[:-4]
        if fault in ('cut', 'cut-for-ever'):
            return self.cut(digest, data)
        self.answer(200, data)

    # Half of it, and then the connection is gone; what is missing can be asked for.
    def cut(self, digest, data):
        start = int((self.headers.get('Range') or 'bytes=0-')[6:-1])
        self.send_response(206 if start else 200)
        self.send_header('Content-Length', str(len(data) - start))
        self.send_header('Connection', 'close')
        self.end_headers()
        again = fault == 'cut-for-ever' or digest not in broken
        broken.add(digest)
        self.wfile.write(data[start:(start + len(data)) // 2] if again else data[start:])
        self.close_connection = True

    def answer(self, status, data=b'', headers=None):
        self.send_response(status)
        self.send_header('Content-Length', str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(data)

    def log_message(self, form, *args):
        with open(sys.argv[2], 'a') as log:
            log.write('127.0.0.1 %s %s\n' % (form % args, self.headers.get('Range') or ''))


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
server.daemon_threads = True
port = server.server_port
open(sys.argv[1], 'w').write('%d\n' % port)
server.serve_forever()
