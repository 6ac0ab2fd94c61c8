// What each operation was measured to cost, with the command that measured it: the one place that the calculator knows of.
//
// One machine's figures (a virtual one, two cores of an Intel Xeon at 2.3 GHz): measure on yours and compare before you buy.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace claviger::ctl {

enum class Operation : std::size_t {
  SignIn,    // code flow, without the password's hash
  Hash,      // the hash of a password: Argon2id, 19 MiB, two passes
  Validate,  // introspection by a server
  Refresh,
  Deliver,   // a user's keys that are there
  Extract,   // a user's keys made for a new key period
  Register,  // REGISTER over SIP
  Vector,    // a MAR answered from the SIP database
  Relay      // a transaction relayed for a migrant
};

struct Cost {
  Operation operation;
  std::string_view name;
  double cpu_us;    // all threads of clavigerd, with kReferenceUsers
  double exponent;  // how cpu_us grows with users: cost * (users / kReferenceUsers) ^ exponent
  double network;   // octets through the sockets, both ways
  double written;   // octets given to the disk, compaction included
  bool is_durable;  // its answer waits for a commit
  std::string_view command;
};

inline constexpr double kReferenceUsers = 10'000;

// Exponents below 0.01 were noise and stand as 0. A network or written of 0 was not measured.
inline constexpr std::array<Cost, 9> kCosts{{
    {Operation::SignIn, "sign-in", 330, 0.03, 5556, 2955, true,
     "bench/run system; network and written: bench/run growth"},
    {Operation::Hash, "password hash", 32'000, 0, 0, 0, false, "bench_core_crypto --benchmark_filter=HashPassword"},
    {Operation::Validate, "validation", 6.14, 0.02, 1952, 0, false, "bench/run growth --users 1M"},
    {Operation::Refresh, "refresh", 85, 0, 1600, 660, true, "bench/run growth --users 100k"},
    {Operation::Deliver, "key delivery", 48, 0, 3932, 0, false, "bench/run growth --users 1M"},
    {Operation::Extract, "keys made", 137, 0, 0, 0, true, "bench_core_crypto_mikey"},
    {Operation::Register, "registration", 64, 0, 0, 0, true, "bench/peers registrar"},
    {Operation::Vector, "vector", 29, 0, 0, 0, false, "bench_broker_subscriber --benchmark_filter=mar_from_the_store"},
    {Operation::Relay, "relay", 3.3, 0, 0, 0, false, "bench_diameter_relay --window 256"},
}};

// What a user keeps, whether he does anything or not. Memory is the slope from 10 k to 100 k users, all of them at hand; from
// 100 k to 1 M it was 12 octets, since the block cache that the configuration allows was full of those who came.
inline constexpr double kMemoryOfUser = 955;         // octets resident: bench/run growth --users 100k
inline constexpr double kDiskOfUser = 185;           // octets: bench/run growth --users 1M
inline constexpr double kMemoryAlone = 151'000'000;  // octets of a daemon without users, the same line at zero
// CPU of one durable transaction, 64 at a time, over all threads: bench_storage --benchmark_filter=commit/64. One writer
// thread does them all, so that a core's worth of these is what a node can take.
inline constexpr double kCommitCpuUs = 15.5;
inline constexpr double kCommitsOfWriter = 1e6 / kCommitCpuUs;

constexpr const Cost& cost_of(Operation operation) { return kCosts[static_cast<std::size_t>(operation)]; }

}  // namespace claviger::ctl
