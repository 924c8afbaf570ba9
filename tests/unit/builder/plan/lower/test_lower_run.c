/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/builder/plan/planning.h"

static const struct run_work_mount *mount_at(const struct run_work *run, const char *target)
{
	for (size_t i = 0; i < run->mount_count; i++) {
		const char *found = run->mounts[i].mount.target;

		if (found && strcmp(found, target) == 0)
			return &run->mounts[i];
	}
	print_error("no mount at '%s'\n", target);
	abort();
}

/* ---- commands ---- */

static void test_I03_commands_have_the_shell_in_front_unless_they_are_lists(void **state)
{
	(void)state;
	assert_strings(&run_of("FROM alpine\nRUN a \"b\" $c\n")->argv, "/bin/sh|-c|a \"b\" $c");
	assert_strings(&run_of("FROM alpine\nRUN [\"a\", \"b c\"]\n")->argv, "a|b c");
}

static void test_H07_a_heredoc_alone_is_the_script(void **state)
{
	const struct run_work *run = run_of("FROM alpine\nRUN <<EOF\na $x\nb\nEOF\n");

	(void)state;
	assert_strings(&run->argv, "/bin/sh|-c|a $x\nb\n");
	assert_null(run->script_path);
}

static void test_H08_a_heredoc_with_an_interpreter_is_a_program(void **state)
{
	const struct run_work *run =
		run_of("FROM alpine\nRUN <<-PY\n\t#!/usr/bin/env python3\n\tprint(1)\n\tPY\n");

	(void)state;
	assert_strings(&run->argv, "/bin/sh|-c|/dev/pipes/PY");
	assert_string_equal(run->script_path, "/dev/pipes/PY");
	assert_string_equal(run->script, "#!/usr/bin/env python3\nprint(1)\n");
	assert_int_equal(run->script_size, strlen(run->script));
}

static void test_H09_other_heredocs_are_left_to_the_shell(void **state)
{
	(void)state;
	assert_strings(&run_of("FROM alpine\nRUN cat <<A > x && cat <<B\n1\nA\n2\nB\n")->argv,
		       "/bin/sh|-c|cat <<A > x && cat <<B\n1\nA\n2\nB");
}

static void test_H10_a_script_may_have_heredocs_of_its_own(void **state)
{
	(void)state;
	assert_strings(&run_of("FROM alpine\nRUN <<End-of-Script\ncat <<\"EOF\"\nx\nEOF\n"
			       "End-of-Script\n")
				->argv,
		       "/bin/sh|-c|cat <<\"EOF\"\nx\nEOF\n");
}

static void test_R10_the_network_of_the_line_counts_before_the_options(void **state)
{
	const char *text = "FROM alpine\nRUN a\nRUN --network=none b\n"
			   "RUN --network=host --security=insecure c\n";

	(void)state;
	p.options.network_host = true;
	plan_of(text);
	assert_int_equal(vertex_of("RUN a")->run.network, RUN_NETWORK_HOST);
	assert_int_equal(p.plan->vertices[2]->run.network, RUN_NETWORK_NONE);
	assert_int_equal(p.plan->vertices[3]->run.network, RUN_NETWORK_HOST);
	assert_int_equal(p.plan->vertices[3]->run.security, RUN_SECURITY_INSECURE);
	p.options.network_none = true;
	assert_int_equal(run_of(text)->network, RUN_NETWORK_NONE);
	p.options.network_none = p.options.network_host = false;
	assert_int_equal(run_of(text)->network, RUN_NETWORK_DEFAULT);
}

static void test_V12_the_name_of_the_host_may_be_given(void **state)
{
	(void)state;
	assert_null(run_of("FROM alpine\nRUN a\n")->hostname);
	strings_add(&p.build_args, "BUILDKIT_SANDBOX_HOSTNAME=box");
	assert_string_equal(run_of("FROM alpine\nRUN a\n")->hostname, "box");
}

/* ---- mounts ---- */

static void test_V07_values_of_mounts_are_expanded(void **state)
{
	const struct run_work *run =
		run_of("FROM alpine\nARG TARGETARCH dir=/c\nWORKDIR /w\n"
		       "RUN --mount=type=cache,id=x-${TARGETARCH},target=$dir,sharing=locked "
		       "--mount=type=cache,target=rel a\n");

	(void)state;
	assert_string_equal(mount_at(run, "/c")->mount.id, "x-amd64");
	assert_int_equal(mount_at(run, "/c")->mount.sharing, RUN_MOUNT_LOCKED);
	assert_int_equal(mount_at(run, "/c")->source.kind, SOURCE_EMPTY);
	assert_string_equal(mount_at(run, "/w/rel")->mount.id, "rel");
}

static void test_V07_platform_arguments_need_an_arg_in_the_stage(void **state)
{
	(void)state;
	assert_string_equal(
		mount_at(
			run_of("FROM alpine\nRUN --mount=type=cache,id=x-${TARGETARCH},target=/c a\n"),
			"/c")
			->mount.id,
		"x-");
}

static void test_V12_caches_may_have_a_namespace(void **state)
{
	const char *text = "FROM alpine\nRUN --mount=type=cache,target=/c a\n"
			   "COPY --from=cache:shared /x /\n";

	(void)state;
	assert_string_equal(mount_at(run_of(text), "/c")->mount.id, "/c");
	assert_string_equal(vertex_of("COPY")->copy.source.name, "shared");
	strings_add(&p.build_args, "BUILDKIT_CACHE_MOUNT_NS=me");
	assert_string_equal(mount_at(run_of(text), "/c")->mount.id, "me//c");
	assert_int_equal(vertex_of("COPY")->copy.source.kind, SOURCE_CACHE);
	assert_string_equal(vertex_of("COPY")->copy.source.name, "me/shared");
}

static void test_mounts_come_behind_those_they_lie_in(void **state)
{
	const struct run_work *run =
		run_of("FROM alpine\nRUN --mount=type=ssh --mount=type=secret,id=s "
		       "--mount=type=cache,target=/src/.work --mount=target=/src "
		       "--mount=type=tmpfs,target=/a,size=1m x\n");

	(void)state;
	assert_int_equal(run->mount_count, 5);
	assert_string_equal(run->mounts[0].mount.target, "/a");
	assert_string_equal(run->mounts[1].mount.target, "/src");
	assert_string_equal(run->mounts[2].mount.target, "/src/.work");
	assert_int_equal(run->mounts[3].mount.type, RUN_MOUNT_SECRET);
	assert_int_equal(run->mounts[4].mount.type, RUN_MOUNT_SSH);
	assert_int_equal(run->mounts[0].mount.size_limit, 1 << 20);
}

static void test_R01_binds_come_from_the_context_stages_or_images(void **state)
{
	const struct run_work *run;

	(void)state;
	run = run_of("FROM alpine AS a\nRUN 1\nFROM alpine\n"
		     "RUN --mount=target=/ctx --mount=from=a,source=x,target=/a "
		     "--mount=from=0,target=/b --mount=from=busybox,target=/i "
		     "--mount=from=scratch,target=/e y\n");
	run = &vertex_of("RUN --mount")->run;
	assert_int_equal(mount_at(run, "/ctx")->source.kind, SOURCE_CONTEXT);
	assert_ptr_equal(mount_at(run, "/a")->source.vertex, vertex_of("RUN 1"));
	assert_string_equal(mount_at(run, "/a")->mount.source, "/x");
	assert_ptr_equal(mount_at(run, "/b")->source.vertex, vertex_of("RUN 1"));
	assert_string_equal(mount_at(run, "/i")->source.vertex->base.name, "docker.io/busybox");
	assert_int_equal(mount_at(run, "/e")->source.kind, SOURCE_EMPTY);
	assert_int_equal(vertex_of("RUN --mount")->input_count, 3);
}

static void test_C07_caches_may_begin_with_files_of_a_stage(void **state)
{
	const struct run_work *run;

	(void)state;
	plan_of("FROM alpine AS a\nRUN 1\nFROM alpine\n"
		"RUN --mount=type=cache,from=a,source=/seed,target=/c y\n");
	run = &vertex_of("RUN --mount")->run;
	assert_ptr_equal(mount_at(run, "/c")->source.vertex, vertex_of("RUN 1"));
	assert_int_equal(vertex_of("RUN --mount")->input_count, 2);
}

static void test_R04_secrets_that_are_required_are_listed_once(void **state)
{
	const struct plan *plan;

	(void)state;
	plan = plan_of("FROM alpine\nRUN --mount=type=secret,id=a,required=true x\n"
		       "RUN --mount=type=secret,id=b --mount=type=secret,id=a,required y\n"
		       "RUN --mount=type=ssh,id=k,required z\n");
	assert_strings(&plan->required_secrets, "a");
	assert_strings(&plan->required_ssh, "k");
}

static void test_R05_agents_are_named_in_the_environment(void **state)
{
	(void)state;
	assert_string_equal(
		env_of(run_of("FROM alpine\nRUN --mount=type=ssh x\n"), "SSH_AUTH_SOCK"),
		"/run/buildkit/ssh_agent.0");
	assert_string_equal(
		env_of(run_of("FROM alpine\nENV SSH_AUTH_SOCK=/s\nRUN --mount=type=ssh x\n"),
		       "SSH_AUTH_SOCK"),
		"/s");
	assert_null(env_of(run_of("FROM alpine\nRUN x\n"), "SSH_AUTH_SOCK"));
}

static void test_bad_mounts_are_refused_with_their_line(void **state)
{
	(void)state;
	assert_string_equal(refusal_of("FROM alpine\nRUN a\nRUN --mount=type=cache,target=/ a\n"),
			    "3: invalid mount target \"/\"");
	assert_string_equal(refusal_of("FROM alpine\nENV t=nothing\n"
				       "RUN --mount=type=$t,target=/x a\n"),
			    "3: unsupported mount type \"nothing\"");
}

static void test_devices_can_be_done_without_or_not(void **state)
{
	(void)state;
	assert_string_equal(refusal_of("FROM alpine\nRUN --device=gpu,required a\n"),
			    "2: device 'gpu' cannot be given to a step: devices of RUN --device "
			    "are not supported; leave out 'required' to do without it");
	assert_int_equal(p.diag.error.code, -EOPNOTSUPP);
	plan_of("FROM alpine\nRUN --device=gpu a\n");
	assert_warnings("2: RUN --device=gpu: devices are not supported, the step does without "
			"it\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(test_I03_commands_have_the_shell_in_front_unless_they_are_lists),
		plan_test(test_H07_a_heredoc_alone_is_the_script),
		plan_test(test_H08_a_heredoc_with_an_interpreter_is_a_program),
		plan_test(test_H09_other_heredocs_are_left_to_the_shell),
		plan_test(test_H10_a_script_may_have_heredocs_of_its_own),
		plan_test(test_R10_the_network_of_the_line_counts_before_the_options),
		plan_test(test_V12_the_name_of_the_host_may_be_given),
		plan_test(test_V07_values_of_mounts_are_expanded),
		plan_test(test_V07_platform_arguments_need_an_arg_in_the_stage),
		plan_test(test_V12_caches_may_have_a_namespace),
		plan_test(test_mounts_come_behind_those_they_lie_in),
		plan_test(test_R01_binds_come_from_the_context_stages_or_images),
		plan_test(test_C07_caches_may_begin_with_files_of_a_stage),
		plan_test(test_R04_secrets_that_are_required_are_listed_once),
		plan_test(test_R05_agents_are_named_in_the_environment),
		plan_test(test_bad_mounts_are_refused_with_their_line),
		plan_test(test_devices_can_be_done_without_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
