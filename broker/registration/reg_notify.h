// A NOTIFY of the registration event package as values (registration_watch.h), and what it means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/registration/reginfo_document.h"
#include "broker/registration/registration_watch.h"

namespace claviger::registration {

struct RegNotify {
  std::string local_tag, remote_tag, call_id;
  std::string remote_target;
  std::uint32_t sequence = 0;
  bool is_terminated = false;
  bool may_subscribe_again = true;  // RFC 6665 clause 4.1.3: of its reason
  std::int64_t retry_after = 0;
  std::optional<Reginfo> info;
};

// What a document means for one identity's registration.
struct RegVerdict {
  bool is_gone = false;                  // the whole registration
  bool has_expired = false;              // and its time was up, rather than somebody ended it
  std::vector<std::string> gone;         // instances of UEs that are no longer registered
  std::optional<std::uint32_t> expires;  // it was shortened: what is left
};
RegVerdict verdict_of(const Reginfo& info, const RegElement& element);

// Whether a document is the next one, a repeated one, or comes behind one that was lost.
enum class Order : std::uint8_t { Next, Old, Gap };
Order order_of(std::int64_t heard, const Reginfo& info);

}  // namespace claviger::registration
