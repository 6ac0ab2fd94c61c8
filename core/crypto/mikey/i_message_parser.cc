#include "core/crypto/mikey/i_message.h"
#include "core/crypto/mikey/i_message_payloads.h"

namespace claviger::mikey {
namespace {

// What is left of the message; each read compares its length with that.
class Reader {
 public:
  explicit Reader(Bytes bytes) : left_(bytes) {}
  std::size_t left() const { return left_.size(); }

  Result<Bytes> take(std::size_t size) {
    if (size > left_.size()) return Error{Code::Truncated, "i_message.length"};
    const Bytes taken = left_.first(size);
    left_ = left_.subspan(size);
    return taken;
  }
  template <std::unsigned_integral T>
  Result<T> number() {
    CLAVIGER_TRY(octets, take(sizeof(T)));
    return load_be<T>(octets);
  }
  // A length of type T and as many octets.
  template <std::unsigned_integral T>
  Result<Bytes> counted() {
    CLAVIGER_TRY(size, number<T>());
    return take(size);
  }

 private:
  Bytes left_;
};

// CS-ID, protocol, S | #P, policies, session data (length 2), SPI (length 1).
Result<Unit> read_generic_sessions(Reader& reader, std::size_t count, IMessageView& view) {
  if (count > kCryptoSessionsMax) return Error{Code::TooMany, "i_message.sessions"};
  for (std::size_t i = 0; i < count; ++i) {
    CLAVIGER_TRY(cs_id, reader.number<std::uint8_t>());
    CLAVIGER_TRY(protocol, reader.number<std::uint8_t>());
    if (protocol != 0) return Error{Code::Unsupported, "i_message.session.protocol"};  // SRTP
    CLAVIGER_TRY(policies, reader.number<std::uint8_t>());
    CLAVIGER_TRY(policy_numbers, reader.take(policies & 0x7FU));
    CLAVIGER_TRY(session_data, reader.counted<std::uint16_t>());
    CLAVIGER_TRY(spi, reader.counted<std::uint8_t>());
    for (std::size_t j = 0; j < i; ++j) {
      if (view.sessions[j].cs_id == cs_id) return Error{Code::Duplicate, "i_message.session"};
    }
    view.sessions[i] = {cs_id, spi};
  }
  view.session_count = count;
  return Unit{};
}

// Version 1, data type 26, next payload, V = 0 and the PRF, CSB-ID, #CS, map type, map. The next payload.
Result<Payload> read_header(Reader& reader, IMessageView& view) {
  CLAVIGER_TRY(version, reader.number<std::uint8_t>());
  CLAVIGER_TRY(data_type, reader.number<std::uint8_t>());
  CLAVIGER_TRY(next, reader.number<std::uint8_t>());
  CLAVIGER_TRY(prf, reader.number<std::uint8_t>());
  if (version != kMikeyVersion || data_type != kDataTypeSakke) return Error{Code::Unsupported, "i_message.header"};
  if (prf != kPrfHmacSha256) return Error{Code::Unsupported, "i_message.prf"};
  CLAVIGER_TRY(csb_id, reader.number<std::uint32_t>());
  CLAVIGER_TRY(session_count, reader.number<std::uint8_t>());
  CLAVIGER_TRY(map_type, reader.number<std::uint8_t>());
  view.csb_id = csb_id;
  switch (static_cast<CsMap>(map_type)) {
    case CsMap::Srtp: {  // older group messages have it; policy, SSRC and ROC of each session
      if (session_count > kCryptoSessionsMax) return Error{Code::TooMany, "i_message.sessions"};
      CLAVIGER_TRY(map, reader.take(std::size_t{9} * session_count));
      break;
    }
    case CsMap::Empty:
      if (session_count != 0) return Error{Code::BadValue, "i_message.map"};
      break;
    case CsMap::Generic: {
      CLAVIGER_TRY(read, read_generic_sessions(reader, session_count, view));
      break;
    }
    default:
      return Error{Code::Unsupported, "i_message.map"};
  }
  return static_cast<Payload>(next);
}

Result<Unit> read_identity(Reader& reader, IMessageView& view) {
  CLAVIGER_TRY(role, reader.number<std::uint8_t>());
  CLAVIGER_TRY(type, reader.number<std::uint8_t>());
  CLAVIGER_TRY(data, reader.counted<std::uint16_t>());
  const bool is_uid = role == static_cast<std::uint8_t>(MikeyRole::InitiatorUid) ||
                      role == static_cast<std::uint8_t>(MikeyRole::ResponderUid);
  const bool is_uri = role == static_cast<std::uint8_t>(MikeyRole::Initiator) ||
                      role == static_cast<std::uint8_t>(MikeyRole::Responder) ||
                      role == static_cast<std::uint8_t>(MikeyRole::InitiatorKms) ||
                      role == static_cast<std::uint8_t>(MikeyRole::ResponderKms);
  if (!is_uid && !is_uri) return Error{Code::Unsupported, "i_message.identity.role"};
  if (type != kIdTypeUri) return Error{Code::Unsupported, "i_message.identity.type"};
  if (data.empty() || data.size() > kUidUriBytesMax) return Error{Code::BadValue, "i_message.identity"};
  if (is_uid && data.size() != kUidBytes) return Error{Code::BadValue, "i_message.identity.uid"};
  if (!view.identities[role].empty()) return Error{Code::Duplicate, "i_message.identity"};
  view.identities[role] = data;
  return Unit{};
}

Result<Unit> read_policy(Reader& reader, IMessageView& view) {
  CLAVIGER_TRY(number, reader.number<std::uint8_t>());
  CLAVIGER_TRY(protocol, reader.number<std::uint8_t>());
  CLAVIGER_TRY(parameters, reader.counted<std::uint16_t>());
  if (number != 0 || protocol != 0) return Error{Code::Unsupported, "i_message.policy"};
  if (parameters.empty() || !view.srtp_policy.empty()) return Error{Code::BadValue, "i_message.policy"};
  Reader inside(parameters);
  while (inside.left() != 0) {
    CLAVIGER_TRY(type, inside.number<std::uint8_t>());
    CLAVIGER_TRY(value, inside.counted<std::uint8_t>());
  }
  view.srtp_policy = parameters;
  return Unit{};
}

Result<Unit> read_sakke(Reader& reader, IMessageView& view) {
  CLAVIGER_TRY(parameters, reader.number<std::uint8_t>());
  CLAVIGER_TRY(scheme, reader.number<std::uint8_t>());
  CLAVIGER_TRY(data, reader.counted<std::uint16_t>());
  if (parameters != kSakkeParameterSet1) return Error{Code::Unsupported, "i_message.sakke.parameters"};
  if (data.size() != kEncapsulatedBytes) return Error{Code::BadValue, "i_message.sakke"};
  if (!view.sakke_data.empty()) return Error{Code::Duplicate, "i_message.sakke"};
  view.id_scheme = scheme;
  view.sakke_data = data;
  return Unit{};
}

Result<Unit> read_extension(Reader& reader, IMessageView& view) {
  CLAVIGER_TRY(type, reader.number<std::uint8_t>());
  CLAVIGER_TRY(data, reader.counted<std::uint16_t>());
  if (view.extension_count == kExtensionsMax) return Error{Code::TooMany, "i_message.extensions"};
  view.extensions[view.extension_count++] = {type, data};
  return Unit{};
}

Result<Unit> read_random(Reader& reader, IMessageView& view) {
  CLAVIGER_TRY(random, reader.counted<std::uint8_t>());
  if (random.size() < kRandBytesMin) return Error{Code::BadValue, "i_message.rand"};
  if (!view.random.empty()) return Error{Code::Duplicate, "i_message.rand"};
  view.random = random;
  return Unit{};
}

Result<Unit> read_payload(Payload payload, Reader& reader, IMessageView& view) {
  switch (payload) {
    case Payload::Rand:
      return read_random(reader, view);
    case Payload::Identity:
      return read_identity(reader, view);
    case Payload::Policy:
      return read_policy(reader, view);
    case Payload::Sakke:
      return read_sakke(reader, view);
    case Payload::Extension:
      return read_extension(reader, view);
    default:
      return Error{Code::Unsupported, "i_message.payload"};
  }
}

// One of the two forms of each side, and both domains.
bool is_complete(const IMessageView& view) {
  const auto has = [&](MikeyRole role) { return !view.identity(role).empty(); };
  return has(MikeyRole::Initiator) != has(MikeyRole::InitiatorUid) &&
         has(MikeyRole::Responder) != has(MikeyRole::ResponderUid) && has(MikeyRole::InitiatorKms) &&
         has(MikeyRole::ResponderKms) && !view.random.empty() && !view.sakke_data.empty();
}

}  // namespace

Result<IMessageView> parse_i_message(Bytes message) {
  if (message.size() > kIMessageBytesMax) return Error{Code::TooLarge, "i_message"};
  IMessageView view;
  Reader reader(message);
  CLAVIGER_TRY(first, read_header(reader, view));
  // RFC 3830 clause 6.1: T comes right after the header.
  if (first != Payload::Timestamp) return Error{Code::BadValue, "i_message.timestamp"};
  CLAVIGER_TRY(after_timestamp, reader.number<std::uint8_t>());
  CLAVIGER_TRY(timestamp_type, reader.number<std::uint8_t>());
  CLAVIGER_TRY(timestamp, reader.number<std::uint64_t>());
  if (timestamp_type != kTimestampNtpUtc) return Error{Code::Unsupported, "i_message.timestamp"};
  view.timestamp = timestamp;

  auto next = static_cast<Payload>(after_timestamp);
  while (next != Payload::Signature) {  // each turn takes octets away, and each payload has its bound
    const Payload payload = next;
    CLAVIGER_TRY(following, reader.number<std::uint8_t>());
    CLAVIGER_TRY(read, read_payload(payload, reader, view));
    next = static_cast<Payload>(following);
  }
  CLAVIGER_TRY(type_and_length, reader.number<std::uint16_t>());
  view.signed_part = message.first(message.size() - reader.left());
  if (type_and_length != kSignatureHeader) return Error{Code::Unsupported, "i_message.signature"};
  CLAVIGER_TRY(signature, reader.take(kEccsiSignatureBytes));
  if (reader.left() != 0) return Error{Code::BadValue, "i_message.trailing"};
  view.signature = signature;
  if (!is_complete(view)) return Error{Code::BadValue, "i_message.payloads"};
  return view;
}

}  // namespace claviger::mikey
