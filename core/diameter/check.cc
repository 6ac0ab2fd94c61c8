#include "core/diameter/check.h"

#include <algorithm>
#include <array>

#include "core/codec/utf8.h"

namespace claviger::diameter {
namespace {

using Found = std::optional<Fault>;

// Diameter identities are FQDNs (RFC 6733 clause 4.3.1, RFC 1034 clause 3.1).
constexpr std::size_t kIdentityBytesMax = 255;

std::size_t header_size(const AvpId& id) { return id.vendor != 0 ? kAvpVendorHeaderBytes : kAvpHeaderBytes; }

// Data of fixed length has it; other types have a least.
struct Lengths {
  std::size_t min = 0;
  std::size_t max = kMessageBytesMax;
};

constexpr Lengths lengths_of(AvpType type) {
  switch (type) {
    case AvpType::Integer32:
    case AvpType::Unsigned32:
    case AvpType::Enumerated:
    case AvpType::Time:
      return {4, 4};
    case AvpType::Integer64:
    case AvpType::Unsigned64:
      return {8, 8};
    case AvpType::Address:
      return {6, 2 + 20};  // an address family and at least an IPv4 address
    case AvpType::Identity:
      return {1, kIdentityBytesMax};
    case AvpType::Grouped:
    case AvpType::OctetString:
    case AvpType::Utf8String:
    case AvpType::Uri:
      return {};
  }
  return {};
}

std::vector<std::byte> bytes_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

// An AVP of the least length its type has, all zeros: an example of what is missing, or of what has a wrong length.
std::vector<std::byte> example(std::uint32_t code, std::uint32_t vendor, bool is_mandatory, const AvpRule* rule) {
  const std::size_t header = header_size({code, vendor});
  const std::size_t data = rule != nullptr && rule->type != AvpType::Grouped ? lengths_of(rule->type).min : 0;
  std::vector<std::byte> made(header + data);
  const std::uint32_t flags = (vendor != 0 ? kAvpVendor : 0U) | (is_mandatory ? kAvpMandatory : 0U);
  store_u32(made.data(), code);
  store_u32(made.data() + 4, flags << 24U | static_cast<std::uint32_t>(made.size()));
  if (vendor != 0) store_u32(made.data() + 8, vendor);
  return made;
}

Fault wrong_avp(Code code, std::uint32_t result, const AvpView& avp) { return {code, result, bytes_of(avp.whole())}; }

// At `at` stands a header whose length cannot be right; fewer than 8 bytes are left over.
Fault wrong_length(Bytes at, const Dictionary& dictionary) {
  if (at.size() < kAvpHeaderBytes) return {Code::DiameterMessageLength, result_code::kInvalidMessageLength, {}};
  const std::uint32_t code = load_u32(at.data());
  const std::uint32_t flags = load_u32(at.data() + 4) >> 24U;
  const bool has_vendor = (flags & kAvpVendor) != 0 && at.size() >= kAvpVendorHeaderBytes;
  const std::uint32_t vendor = has_vendor ? load_u32(at.data() + 8) : 0;
  return {Code::AvpLength, result_code::kInvalidAvpLength,
          example(code, vendor, (flags & kAvpMandatory) != 0, dictionary.avp(code, vendor))};
}

std::uint64_t word_at(const std::byte* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Most texts are; eight bytes at a time, the last eight perhaps once more.
bool is_ascii(Bytes data) {
  std::uint64_t all = 0;
  const std::byte* const start = data.data();
  const std::size_t size = data.size();
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) all |= word_at(start + at);
    all |= word_at(start + size - 8);
  } else {
    for (const std::byte octet : data) all |= std::to_integer<std::uint64_t>(octet);
  }
  return (all & 0x8080808080808080ULL) == 0;
}

// Printable ASCII without blanks, eight bytes at a time: no byte has its high bit, is 0x7f, or below 0x21.
bool is_identity(Bytes data) {
  constexpr std::uint64_t kHigh = 0x8080808080808080ULL;
  const auto is_odd = [](std::uint64_t word) {
    return ((word | (word + 0x0101010101010101ULL) | ~((word | kHigh) - 0x2121212121212121ULL)) & kHigh) != 0;
  };
  const std::byte* const start = data.data();
  const std::size_t size = data.size();
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) {
      if (is_odd(word_at(start + at))) return false;
    }
    return !is_odd(word_at(start + size - 8));
  }
  return std::ranges::all_of(data, [](std::byte octet) { return octet >= std::byte{0x21} && octet < std::byte{0x7f}; });
}

bool is_address(Bytes data) {
  const auto family = load_be<std::uint16_t>(data);
  if (family == 1) return data.size() == 2 + 4;
  if (family == 2) return data.size() == 2 + 16;
  return true;  // families of no interest here
}

bool has_good_length(const AvpView& avp, const AvpRule& rule) {
  const Lengths lengths = lengths_of(rule.type);
  const std::size_t size = avp.data().size();
  return size >= lengths.min && size <= lengths.max;
}

// Its length is good.
bool has_good_value(const AvpView& avp, const AvpRule& rule) {
  switch (rule.type) {
    case AvpType::Unsigned32:
    case AvpType::Enumerated: {
      const std::uint32_t value = load_u32(avp.data().data());
      return value >= rule.value_min && value <= rule.value_max;
    }
    case AvpType::Utf8String:
      return is_ascii(avp.data()) || codec::is_utf8(avp.text());
    case AvpType::Identity:
      return is_identity(avp.data());
    case AvpType::Address:
      return is_address(avp.data());
    default:
      return true;
  }
}

// Length and value at once, for what is right: the two above say which of them is not.
bool is_good(Bytes data, const AvpRule& rule) {
  switch (rule.type) {
    case AvpType::Unsigned32:
    case AvpType::Enumerated: {
      if (data.size() != 4) return false;
      const std::uint32_t value = load_u32(data.data());
      return value >= rule.value_min && value <= rule.value_max;
    }
    case AvpType::Integer32:
    case AvpType::Time:
      return data.size() == 4;
    case AvpType::Integer64:
    case AvpType::Unsigned64:
      return data.size() == 8;
    case AvpType::Utf8String:
      return is_ascii(data) || codec::is_utf8(as_text(data));
    case AvpType::Identity:
      return !data.empty() && data.size() <= kIdentityBytesMax && is_identity(data);
    case AvpType::Address:
      return data.size() >= lengths_of(AvpType::Address).min && data.size() <= lengths_of(AvpType::Address).max &&
             is_address(data);
    case AvpType::Grouped:
    case AvpType::OctetString:
    case AvpType::Uri:
      return true;
  }
  return true;
}

bool has_good_flags(const AvpView& avp) {
  if ((avp.flags() & (kAvpProtected | kAvpFlagsReserved)) != 0) return false;
  return (avp.flags() & kAvpVendor) == 0 || avp.vendor() != 0;
}

// The checks of one AVP in their order, when one of them has failed.
Found check_value(const AvpView& avp, const AvpRule& rule) {
  if (!has_good_length(avp, rule)) {
    return Fault{Code::AvpLength, result_code::kInvalidAvpLength,
                 example(avp.code(), avp.vendor(), avp.is_mandatory(), &rule)};
  }
  if (!has_good_value(avp, rule)) return wrong_avp(Code::AvpValue, result_code::kInvalidAvpValue, avp);
  return std::nullopt;
}

Found check_flags(const AvpView& avp) {
  if (has_good_flags(avp)) return std::nullopt;
  return wrong_avp(Code::AvpFlags, result_code::kInvalidAvpBits, avp);
}

Found check_known(const AvpView& avp, const AvpRule& rule, bool is_strict) {
  if (is_strict && rule.mandatory == MandatoryBit::MustNot && avp.is_mandatory()) {
    return wrong_avp(Code::AvpFlagsNotAllowed, result_code::kInvalidAvpBitCombination, avp);
  }
  return check_value(avp, rule);
}

// RFC 6733 clause 6.11: exactly one of the two.
Found check_vendor_application(const AvpView& group) {
  std::optional<AvpView> authentication;
  std::optional<AvpView> accounting;
  AvpWalk walk(group.data());
  while (const auto child = walk.next()) {
    if (!authentication && child->is(avp::kAuthApplicationId)) authentication = child;
    if (!accounting && child->is(avp::kAcctApplicationId)) accounting = child;
  }
  if (authentication && accounting) {
    return wrong_avp(Code::AvpTooMany, result_code::kAvpOccursTooManyTimes, *accounting);
  }
  if (!authentication && !accounting) {
    const AvpRule rule{avp::kAuthApplicationId, "", AvpType::Unsigned32};
    return Fault{Code::AvpMissing, result_code::kMissingAvp, example(avp::kAuthApplicationId.code, 0, true, &rule)};
  }
  return std::nullopt;
}

// How one AVP stands. In good messages no Fault is made at all: its vector costs more than the checks.
struct Looked {
  bool is_fine;
  const AvpRule* group;  // whose children are looked at as well
};
// Inline: for each AVP of each request.
[[gnu::always_inline]] inline Looked look(const AvpView& avp, const Dictionary& dictionary, bool is_strict) {
  if (is_strict && !has_good_flags(avp)) return {false, nullptr};
  const AvpRule* const rule = dictionary.avp(avp.code(), avp.vendor());
  if (rule == nullptr) return {!avp.is_mandatory(), nullptr};
  const bool has_odd_m = is_strict && rule->mandatory == MandatoryBit::MustNot && avp.is_mandatory();
  if (has_odd_m || !is_good(avp.data(), *rule)) return {false, nullptr};
  // What failed may be anything.
  return {true, rule->type == AvpType::Grouped && !avp.is(avp::kFailedAvp) ? rule : nullptr};
}

// Why an AVP is not fine.
Found explain(const AvpView& avp, const Dictionary& dictionary, bool is_strict) {
  if (is_strict && !has_good_flags(avp)) return check_flags(avp);
  const AvpRule* const rule = dictionary.avp(avp.code(), avp.vendor());
  if (rule == nullptr) return wrong_avp(Code::AvpUnknown, result_code::kAvpUnsupported, avp);
  return check_known(avp, *rule, is_strict);
}

// No group within it, and nothing wrong: most groups.
bool is_plain_group(const AvpView& group, const Dictionary& dictionary, bool is_strict) {
  AvpWalk walk(group.data());
  while (const auto avp = walk.next()) {
    const Looked looked = look(*avp, dictionary, is_strict);
    if (!looked.is_fine || looked.group != nullptr) return false;
  }
  return !walk.is_malformed();
}

// A group's children and theirs, in their order.
Found check_group(const AvpView& group, const Dictionary& dictionary, bool is_strict) {
  if (group.is(avp::kVendorSpecificApplicationId)) {
    if (auto fault = check_vendor_application(group)) return fault;
  }
  if (is_plain_group(group, dictionary, is_strict)) return std::nullopt;
  std::array<AvpWalk, kGroupDepthMax> walks{AvpWalk(group.data()), AvpWalk({}), AvpWalk({}), AvpWalk({}),
                                            AvpWalk({}),           AvpWalk({}), AvpWalk({}), AvpWalk({})};
  std::size_t depth = 1;
  while (depth > 0) {
    AvpWalk& walk = walks[depth - 1];
    const auto avp = walk.next();
    if (!avp) {
      if (walk.is_malformed()) return wrong_length(walk.rest(), dictionary);
      --depth;
      continue;
    }
    const Looked looked = look(*avp, dictionary, is_strict);
    if (!looked.is_fine) return explain(*avp, dictionary, is_strict);
    if (looked.group == nullptr) continue;
    if (depth == kGroupDepthMax) {
      return Fault{Code::AvpValue, result_code::kInvalidAvpValue,
                   example(avp->code(), avp->vendor(), avp->is_mandatory(), looked.group)};
    }
    if (avp->is(avp::kVendorSpecificApplicationId)) {
      if (auto fault = check_vendor_application(*avp)) return fault;
    }
    walks[depth++] = AvpWalk(avp->data());
  }
  return std::nullopt;
}

Found check_avp(const AvpView& avp, const Dictionary& dictionary, bool is_strict) {
  const Looked looked = look(avp, dictionary, is_strict);
  if (!looked.is_fine) return explain(avp, dictionary, is_strict);
  if (looked.group != nullptr) return check_group(avp, dictionary, is_strict);
  return std::nullopt;
}

// All AVPs in their order, groups entered as they come.
Found check_avps(const Message& message, const Dictionary& dictionary, bool is_strict) {
  for (std::size_t n = 0; n < message.indexed_count(); ++n) {
    const AvpView avp = message.at(message.place(n));
    const Looked looked = look(avp, dictionary, is_strict);
    if (looked.is_fine && looked.group == nullptr) continue;
    if (auto fault = check_avp(avp, dictionary, is_strict)) return fault;
  }
  if (message.avp_count() == message.indexed_count()) return std::nullopt;
  AvpWalk walk = message.walk();
  for (std::size_t n = 0; const auto avp = walk.next(); ++n) {
    if (n < message.indexed_count()) continue;
    if (auto fault = check_avp(*avp, dictionary, is_strict)) return fault;
  }
  return std::nullopt;
}

Found check_structure(const Message& message, const Dictionary& dictionary) {
  const Bytes rest = message.bytes().subspan(message.structure_end());
  switch (message.structure()) {
    case Message::Structure::Sound:
      return std::nullopt;
    case Message::Structure::BadAvpLength:
      return wrong_length(rest, dictionary);
    case Message::Structure::Overrun:
      return Fault{Code::DiameterMessageLength, result_code::kInvalidMessageLength, {}};
    case Message::Structure::TooManyAvps:
      return Fault{Code::AvpTooMany, result_code::kAvpOccursTooManyTimes, bytes_of(AvpWalk(rest).next()->whole())};
  }
  return std::nullopt;
}

Fault not_so_often(const AvpView& avp, const Occurrence& rule) {
  if (rule.max == 0) return wrong_avp(Code::AvpNotAllowed, result_code::kAvpNotAllowed, avp);
  return wrong_avp(Code::AvpTooMany, result_code::kAvpOccursTooManyTimes, avp);
}

// Each AVP is there at most once, and as often as the command says.
bool occurs_well(const Message& request, const CommandRule& command) {
  if (!request.is_each_once()) return false;
  return std::ranges::all_of(command.request, [&](const Occurrence& rule) {
    const std::uint16_t count = request.find(rule.avp) ? 1 : 0;
    return count >= rule.min && count <= rule.max;
  });
}

Found check_occurrences(const Message& request, const CommandRule& command, const Dictionary& dictionary) {
  if (occurs_well(request, command)) return std::nullopt;
  std::array<std::uint16_t, kOccurrencesMax> counts{};
  // The rule that is broken by one more of that AVP; null: none.
  const auto count = [&](std::uint64_t key) -> const Occurrence* {
    const auto found = std::ranges::find(command.keys, key);
    if (found == command.keys.end()) return nullptr;
    const auto i = static_cast<std::size_t>(found - command.keys.begin());
    const Occurrence& rule = command.request[i];
    return ++counts[i] > rule.max ? &rule : nullptr;  // at most kAvpsMax: below kAnyNumber
  };
  for (std::size_t n = 0; n < request.indexed_count(); ++n) {
    const Message::Place& place = request.place(n);
    if (const Occurrence* const broken = count(place.key)) return not_so_often(request.at(place), *broken);
  }
  if (request.avp_count() > request.indexed_count()) {
    AvpWalk walk = request.walk();
    for (std::size_t n = 0; const auto avp = walk.next(); ++n) {
      if (n < request.indexed_count()) continue;
      if (const Occurrence* const broken = count(AvpId{avp->code(), avp->vendor()}.key()))
        return not_so_often(*avp, *broken);
    }
  }
  for (std::size_t i = 0; i < command.request.size(); ++i) {
    const AvpId& id = command.request[i].avp;
    if (counts[i] >= command.request[i].min) continue;
    return Fault{Code::AvpMissing, result_code::kMissingAvp,
                 example(id.code, id.vendor, id.is_mandatory, dictionary.avp(id.code, id.vendor))};
  }
  return std::nullopt;
}

Found check_version(const Message& message) {
  if (message.header().version == 1) return std::nullopt;
  return Fault{Code::DiameterVersion, result_code::kUnsupportedVersion, {}};
}

Fault bad_bits() { return {Code::DiameterHeaderBits, result_code::kInvalidHeaderBits, {}}; }

// A dictionary that knows nothing: for relays, which look at lengths alone.
const Dictionary& nothing() {
  static const Dictionary dictionary;
  return dictionary;
}

}  // namespace

std::optional<Fault> check_routing(const Message& request) {
  if (auto fault = check_version(request)) return fault;
  const Header& header = request.header();
  if (!header.is_request() || header.is_error() || !header.is_proxiable()) return bad_bits();
  if (auto fault = check_structure(request, nothing())) return fault;
  for (const AvpId& id : {avp::kDestinationRealm, avp::kDestinationHost, avp::kOriginHost, avp::kOriginRealm}) {
    const auto found = request.find(id);
    if (!found) continue;
    const AvpRule rule{id, "", AvpType::Identity};
    if (has_good_flags(*found) && is_good(found->data(), rule)) continue;
    if (auto fault = check_flags(*found)) return fault;
    if (auto fault = check_value(*found, rule)) return fault;
  }
  if (request.count(avp::kRouteRecord) > kRouteRecordsMax) {
    return wrong_avp(Code::AvpTooMany, result_code::kAvpOccursTooManyTimes,
                     *request.find_nth(avp::kRouteRecord, kRouteRecordsMax));
  }
  return std::nullopt;
}

std::optional<Fault> check_request(const Message& request, const Dictionary& dictionary) {
  if (auto fault = check_version(request)) return fault;
  const Header& header = request.header();
  if (!header.is_request() || header.is_error()) return bad_bits();
  if (!dictionary.knows_application(header.application)) {
    return Fault{Code::ApplicationUnknown, result_code::kApplicationUnsupported, {}};
  }
  const CommandRule* const command = dictionary.command(header.application, header.command);
  if (command == nullptr) return Fault{Code::CommandUnknown, result_code::kCommandUnsupported, {}};
  if (command->is_proxiable != header.is_proxiable()) return bad_bits();
  // The first thing wrong, in the order of the bytes: AVPs before a broken one are looked at first.
  if (auto fault = check_avps(request, dictionary, true)) return fault;
  if (auto fault = check_structure(request, dictionary)) return fault;
  return check_occurrences(request, *command, dictionary);
}

std::optional<Fault> check_answer(const Message& answer, const Dictionary& dictionary) {
  if (auto fault = check_version(answer)) return fault;
  if (answer.header().is_request()) return bad_bits();
  if (auto fault = check_structure(answer, dictionary)) return fault;
  return check_avps(answer, dictionary, false);
}

}  // namespace claviger::diameter
