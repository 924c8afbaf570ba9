/* SPDX-License-Identifier: Apache-2.0 */
/* The last touches to a plan: what only its target gets, and what is said of the whole. */
#pragma once

struct planning;

/* Give the target's configuration its platform and the labels of the options, and warn of build
 * arguments that nobody asked for. */
void result_finish(struct planning *planning);
