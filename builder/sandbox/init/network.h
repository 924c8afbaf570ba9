/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Bring up "lo" of the network namespace this process is in. */
int network_loopback_up(void);
