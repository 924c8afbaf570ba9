/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses escape character and flags; the rest is the word. */
#include "builder/dockerfile/expand.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/strings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_with(strings_release) struct strings env = { 0 }, found = { 0 }, missing = { 0 };
	cleanup_with(strings_release) struct strings words = { 0 };
	cleanup_with(buf_release) struct buf word = { 0 };
	cleanup_free char *text = NULL;
	struct expander expander;
	struct error err;

	if (size == 0)
		return 0;
	strings_add(&env, "a=x/y.tar.gz");
	strings_add(&env, "b=");
	strings_add(&env, "c=*?\\ $a \xff\xe4\xb8");
	expander = (struct expander){
		.escape = data[0] & 0x80 ? '`' : '\\',
		.flags = data[0] & 0x0f,
		.env = expand_env_of(&env),
		.found = &found,
		.missing = &missing,
	};
	text = xstrndup((const char *)data + 1, size - 1);
	(void)expand_word(&expander, text, &word, &err);
	(void)expand_words(&expander, text, &words, &err);
	return 0;
}
