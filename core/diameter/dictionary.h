// What a node knows of AVPs and commands: types, M bits, ranges, and which AVPs a command must and may have.
//
// Filled at start, then immutable and read by all shards. base() has the base protocol (RFC 6733), overload and
// priority (RFC 7683, RFC 7944); users add their applications. AVPs are keyed by (vendor, code): overload's 621-627
// without a vendor and 3GPP's own 621-627 are different AVPs.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "core/diameter/avp.h"

namespace claviger::diameter {

enum class AvpType : std::uint8_t {
  OctetString,
  Utf8String,
  Identity,
  Uri,
  Address,
  Time,
  Integer32,
  Unsigned32,
  Integer64,
  Unsigned64,
  Enumerated,
  Grouped,
};

// Whether a sender may set the M bit (RFC 6733 clause 4.5's table).
enum class MandatoryBit : std::uint8_t { Must, May, MustNot };

struct AvpRule {
  AvpId id;
  std::string_view name;  // literal
  AvpType type = AvpType::OctetString;
  MandatoryBit mandatory = MandatoryBit::Must;
  // Of Unsigned32 and Enumerated: values outside are refused with 5004.
  std::uint32_t value_min = 0;
  std::uint32_t value_max = std::numeric_limits<std::uint32_t>::max();
};

inline constexpr std::uint16_t kAnyNumber = std::numeric_limits<std::uint16_t>::max();

// How often an AVP stands in a command; {avp, 0, 0}: it must not.
struct Occurrence {
  AvpId avp;
  std::uint16_t min = 0;
  std::uint16_t max = 1;
};

struct CommandRule {
  std::uint32_t application = 0;
  std::uint32_t code = 0;
  std::string_view name;  // of the request; literal
  bool is_proxiable = true;
  std::vector<Occurrence> request;  // at most kOccurrencesMax; what is not named may stand any number of times
  std::vector<std::uint64_t> keys =
      {};  // of those AVPs, made by Dictionary::add(): they are compared with each AVP that comes
};

// Counters of one check lie on the stack.
inline constexpr std::size_t kOccurrencesMax = 48;

class Dictionary {
 public:
  static Dictionary base();
  // A later rule for the same AVP or command replaces an earlier one.
  void add(AvpRule rule);
  void add(CommandRule rule);

  // Null when unknown.
  const AvpRule* avp(std::uint32_t code, std::uint32_t vendor) const;
  const CommandRule* command(std::uint32_t application, std::uint32_t code) const;
  bool knows_application(std::uint32_t application) const;

 private:
  static std::uint64_t key(std::uint32_t high, std::uint32_t low) {
    return static_cast<std::uint64_t>(high) << 32U | low;
  }
  // Open addressing, a power of two, at most half full: some 100 AVPs are looked up for each message that is checked.
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t rule = 0;  // index + 1; 0: empty
  };
  void rehash();
  std::size_t slot_of(std::uint64_t wanted) const;
  void place(std::size_t index);

  // The base protocol's codes, and half of what is looked up: a table of their own.
  static constexpr std::uint64_t kDirect = 512;

  std::vector<AvpRule> avps_;
  std::vector<std::uint16_t> direct_;  // by code, without a vendor: index + 1; 0: none
  std::vector<Slot> slots_;
  std::vector<CommandRule> commands_;  // a dozen
};

}  // namespace claviger::diameter
