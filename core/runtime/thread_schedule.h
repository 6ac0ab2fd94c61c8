// How a thread stands beside others on its CPU.
//
// The kernel lets whoever runs finish his slice, 1.4 ms here (EEVDF), before a thread that wakes gets the CPU; unless that one has
// asked for shorter slices than his: then it has the CPU at once, for as long as its share lasts. Shards ask for the shortest, since
// they sleep between turns of some ten microseconds; hashes and other long work never push anybody aside. Neither takes a
// privilege, and a kernel that knows nothing of it (before 6.12) or forbids it changes nothing but the latency.
//
// Each of the calling thread.
#pragma once

namespace claviger::runtime {

void ask_for_short_slices();
// For good: the niceness cannot be taken back without privilege. 0: as nice as before.
void give_way(int niceness);

}  // namespace claviger::runtime
