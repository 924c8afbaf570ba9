/* SPDX-License-Identifier: Apache-2.0 */
/* A layer, as it may come compressed, unpacked onto nothing and once more onto what that gave. */
#include <stdlib.h>

#include "builder/image/decompress.h"
#include "builder/image/layer_apply.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/store/store.h"
#include "fs/tree/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct store *store;
static struct store_lease *lease;
static char directory[] = "/tmp/varve-fuzz.XXXXXX";

static void clean_up(void)
{
	store_lease_end(lease);
	store_close(store);
	(void)dir_remove_all(-100 /* AT_FDCWD */, directory);
}

static void set_up(void)
{
	struct error err;

	if (!mkdtemp(directory) || store_open(directory, STORE_CREATE, &store, &err) < 0 ||
	    store_lease_begin(store, &lease, &err) < 0)
		abort();
	(void)atexit(clean_up);
}

static int apply(struct tree *tree, struct store_txn *txn, const uint8_t *data, size_t size)
{
	cleanup_with(layer_apply_release) struct layer_apply run = { .tree = tree, .txn = txn };
	cleanup_with(decompress_close) struct decompress *decompress = NULL;
	struct digest_source limited;
	struct memory_source source;
	struct error err;
	int r;

	memory_source_init(&source, data, size);
	if (decompress_open(&source.base, &decompress, &err) < 0)
		return -1;
	digest_source_init(&limited, decompress_source(decompress));
	limited.limit = (uint64_t)4 << 20;
	r = layer_apply(&run, &limited.base, &err);
	digest_source_release(&limited);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_with(tree_close) struct tree *tree = NULL;
	struct error err;

	if (!store)
		set_up();
	if (store_txn_begin(store, lease, &txn, &err) < 0)
		abort();
	tree = tree_open(store, NULL);
	if (apply(tree, txn, data, size) == 0)
		(void)apply(tree, txn, data, size);
	return 0;
}
