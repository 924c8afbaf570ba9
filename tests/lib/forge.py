# SPDX-License-Identifier: Apache-2.0
"""The first manifest of an OCI layout, to be changed and written elsewhere, with digests that are true."""
import hashlib
import json
import os


class Forged:
    def __init__(self, layout, out):
        self.layout, self.out = layout, out
        self.index = json.load(open(layout + '/index.json'))
        self.manifest = json.loads(self.load(self.index['manifests'][0]['digest']))
        self.config = json.loads(self.load(self.manifest['config']['digest']))
        os.makedirs(out + '/blobs/sha256')

    def load(self, digest):
        return open(self.layout + '/blobs/sha256/' + digest[7:], 'rb').read()

    def keep(self, content):
        digest = hashlib.sha256(content).hexdigest()
        open(self.out + '/blobs/sha256/' + digest, 'wb').write(content)
        return {'digest': 'sha256:' + digest, 'size': len(content)}

    def write(self):
        self.manifest['config'].update(self.keep(json.dumps(self.config).encode()))
        self.index['manifests'][0].update(self.keep(json.dumps(self.manifest).encode()))
        json.dump(self.index, open(self.out + '/index.json', 'w'))
