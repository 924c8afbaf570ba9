/* SPDX-License-Identifier: Apache-2.0 */
/* The last touches to a plan: what only its targets get, and what is said of the whole. */
#pragma once

struct planning;

/* Give the targets' configurations their platform and the labels of the options, and warn of build
 * arguments that nobody asked for. */
void result_finish(struct planning *planning);
