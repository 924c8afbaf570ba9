/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for all stages: ARG in front of the first FROM, and the time of the build. */
#pragma once

struct planning;
struct scope;

/* Fill in the global variables. */
int globals_declare(struct planning *planning);

/* What they would be without any --build-arg of theirs. Negative: that cannot be said. */
int globals_by_default(struct planning *planning, struct scope *ret);

/* The time for configurations: of the options, else of SOURCE_DATE_EPOCH. -EINVAL when it is no
 * number of seconds, -EOPNOTSUPP when it names something to take the time from. */
int globals_settle_time(struct planning *planning);
