// PendingServers: which S-CSCF was given a vector of which visitor, and has not said yet what came of it (TS 29.228 clause
// 6.3.1: authentication is pending). Only this one may take him over from another, or before another, with its SAR; to it the
// second REGISTER is led.
//
// What one shard answered; its shard's alone. Memory, not records: a MAR that is relayed writes nothing. A restart forgets it,
// and whose S-CSCF is refused then registers anew. Fixed places, found by a hash: a fifth visitor in one set puts out the
// oldest. Nothing allocates after the first note().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/siphash.h"

namespace claviger::migration {

struct PendingServer {
  std::string name;  // of the S-CSCF; empty: none
  Monotonic at{};
};

class PendingServers {
 public:
  // An S-CSCF gives up a challenge after four minutes (TS 24.229 table 7.8.1, reg-await-auth).
  static constexpr Seconds kPendingMax{240};
  // A region that registers anew: some thousand a second, each pending for a second or two. 4.5 MiB.
  static constexpr std::size_t kSets = 8192;
  static constexpr std::size_t kPlacesOfSet = 4;
  // A SIP URI of a host. Of longer ones nothing is kept: a first registration is not hindered by that, taking over is refused.
  static constexpr std::size_t kNameMax = 118;

  PendingServers();
  void note(std::string_view tenant, std::string_view impi, std::string_view server_name, Monotonic now);
  PendingServer find(std::string_view tenant, std::string_view impi, Monotonic now) const;
  void forget(std::string_view tenant, std::string_view impi);
  // Only this one: what was noted since is another challenge.
  void forget(std::string_view tenant, std::string_view impi, const PendingServer& decided);

 private:
  struct Place {
    std::uint64_t who = 0;
    Monotonic at{};
    std::uint8_t size = 0;  // 0: free
    std::array<char, kNameMax> name{};
  };
  using Set = std::array<Place, kPlacesOfSet>;
  std::uint64_t whose(std::string_view tenant, std::string_view impi) const;
  Set& set_of(std::uint64_t who) const { return (*sets_)[who % kSets]; }

  SipKey key_;
  SipKey tenant_key_;
  std::unique_ptr<std::array<Set, kSets>> sets_;
};

}  // namespace claviger::migration
