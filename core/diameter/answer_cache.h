// Answers given lately, so that a request that comes again (T bit, after a link failed; or the same bytes once more) gets
// the same one and touches nothing (RFC 6733 clause 3, appendix C).
//
// To the peer that asked first and to nobody else: Origin-Host, Session-Id and end-to-end identifier are what a message claims,
// and an answer may carry keys. A duplicate that came another way is a new request, with all the checks of one.
//
// One per shard: a ring of bytes and a table over it, of fixed size; the oldest make room. What is overwritten or too old is
// wiped: answers may carry keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "core/base/siphash.h"
#include "core/diameter/message.h"

namespace claviger::diameter {

class AnswerCache {
 public:
  // A peer resends within its watchdog's and its own time-outs' seconds.
  static constexpr Seconds kKept{10};
  // 4 MiB a shard: ten seconds of some thousand answers each; at higher rates it reaches less far back, and a duplicate is
  // then handled anew, which costs one vector.
  static constexpr std::size_t kBytes = 4 * 1024 * 1024;
  static constexpr std::size_t kEntries = 16 * 1024;

  AnswerCache(SipKey key, SipKey other_key) : key_(key), other_key_(other_key) {}

  // What a request is known by: a hash of its session, and one of the peer that it came from, who says to have made it, command
  // and end-to-end identifier. Keyed: nobody finds two requests that share them.
  struct Name {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    // Of all its AVPs. Without T nobody says that it comes again: another request of a sender that gives the same
    // identifiers twice is none.
    std::uint64_t content = 0;
    // Handler::generation() when the request came: what was kept before it changed is not given again.
    std::uint64_t generation = 0;
  };
  // `peer`: PeerEntry::index of the connection's, as it proved itself; a peer removed and admitted anew is another.
  Name name_of(const Message& request, std::size_t peer) const;
  void remember(const Name& name, Bytes answer, Monotonic now);
  // The answer's bytes, valid until the next remember(). Identifiers are those of the first request.
  std::optional<Bytes> find(const Message& request, const Name& name, Monotonic now) const;
  // Wipes what is too old. Called now and then.
  void expire(Monotonic now);

 private:
  struct Entry {
    Name name;
    std::uint64_t at = 0;  // position in the ring's endless stream
    std::uint32_t size = 0;
    Monotonic when;
  };
  void wipe_oldest();

  SipKey key_;
  SipKey other_key_;
  std::vector<std::byte> ring_;  // taken with the first answer
  std::vector<Entry> entries_;   // a ring as well
  // Hash -> entry + 1, and above it half of the name's first: nearly every request is a new one, and is known to be by
  // this look alone. A later one of the same bucket replaces it.
  std::vector<std::uint64_t> heads_;
  std::uint64_t written_ = 0;
  std::uint64_t oldest_ = 0;  // entry numbers
  std::uint64_t next_ = 0;
};

}  // namespace claviger::diameter
