#include "core/crypto/mikey/i_message.h"

#include "core/crypto/mikey/i_message_payloads.h"
#include "core/crypto/mikey/key_id.h"
#include "core/crypto/random.h"

namespace claviger::mikey {
namespace {

// Type, length 1, value. Encryption AES-GCM, its key length, RCC mode 3 with its rate, salt length, the rest off.
constexpr std::array<std::uint8_t, 30> kGroupSrtpProfile = {0, 1, 6, 1,  1, 16, 2,  1, 4, 4,  1, 12, 5,  1, 0,
                                                            6, 1, 0, 13, 1, 1,  18, 1, 4, 19, 1, 0,  20, 1, 16};
constexpr std::array<std::uint8_t, 18> kPrivateSrtpProfile = {0, 1, 6, 1, 1, 16, 4, 1, 12, 5, 1, 0, 6, 1, 0, 20, 1, 16};
constexpr std::uint8_t kCsIdGmk = 4;

class Writer {
 public:
  template <std::unsigned_integral T>
  void number(T value) {
    out_.resize(out_.size() + sizeof(T));
    store_be(MutableBytes(out_).last(sizeof(T)), value);
  }
  void octets(Bytes bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  template <std::unsigned_integral T>
  void counted(Bytes bytes) {
    number(static_cast<T>(bytes.size()));
    octets(bytes);
  }
  // The octet that names the next payload, here and now being written.
  void begins(Payload payload) {
    out_[next_at_] = static_cast<std::byte>(payload);
    next_at_ = out_.size();
    if (payload != Payload::Signature) number<std::uint8_t>(0);
  }
  void header_next() {
    next_at_ = out_.size();
    number<std::uint8_t>(0);
  }
  std::vector<std::byte> take() { return std::move(out_); }
  Bytes bytes() const { return out_; }

 private:
  std::vector<std::byte> out_;
  std::size_t next_at_ = 0;
};

void write_identity(Writer& writer, MikeyRole role, Bytes data) {
  writer.begins(Payload::Identity);
  writer.number(static_cast<std::uint8_t>(role));
  writer.number(kIdTypeUri);
  writer.counted<std::uint16_t>(data);
}

void write_header(Writer& writer, const IMessageContent& content) {
  writer.number(kMikeyVersion);
  writer.number(kDataTypeSakke);
  writer.header_next();
  writer.number(kPrfHmacSha256);
  writer.number(content.csb_id);
  writer.number(static_cast<std::uint8_t>(content.sessions.size()));
  writer.number(static_cast<std::uint8_t>(content.sessions.empty() ? CsMap::Empty : CsMap::Generic));
  for (const CryptoSession& session : content.sessions) {
    writer.number(session.cs_id);
    writer.number<std::uint8_t>(0);  // SRTP
    writer.number<std::uint8_t>(1);  // one policy: number 0
    writer.number<std::uint8_t>(0);
    writer.number<std::uint16_t>(0);  // no session data
    writer.counted<std::uint8_t>(session.spi);
  }
}

// What the parser would refuse, so that we sign nothing that nobody reads.
Result<Unit> check(const IMessageContent& content) {
  if (content.random.size() < kRandBytesMin || content.random.size() > kRandBytesMax) {
    return Error{Code::BadValue, "i_message.rand"};
  }
  if (content.sessions.size() > kCryptoSessionsMax) return Error{Code::TooMany, "i_message.sessions"};
  if (content.extensions.size() > kExtensionsMax) return Error{Code::TooMany, "i_message.extensions"};
  for (const CryptoSession& session : content.sessions) {
    if (session.spi.size() > 255) return Error{Code::BadValue, "i_message.session.spi"};
  }
  for (const MikeyExtension& extension : content.extensions) {
    if (extension.data.size() > kIMessageBytesMax) return Error{Code::BadValue, "i_message.extension"};
  }
  if (content.srtp_policy.size() > kIMessageBytesMax) return Error{Code::BadValue, "i_message.policy"};
  return Unit{};
}

Result<Uid> uid_at(std::string_view uri, const KmsDomain& domain, NtpSeconds time) {
  CLAVIGER_TRY(number, domain.periods.number_at(time));
  return compute_uid(uri, domain.uri, domain.periods, number);
}

const KmsDomain* find_domain(std::span<const KmsDomain> domains, Bytes uri) {
  for (const KmsDomain& domain : domains) {
    if (domain.uri == as_text(uri)) return &domain;
  }
  return nullptr;
}

// The UID of a side: given, when it is hidden, else of its URI.
Result<Uid> uid_of(const IMessageView& view, MikeyRole plain, MikeyRole hidden, const KmsDomain& domain,
                   NtpSeconds time) {
  const Bytes given = view.identity(hidden);
  if (given.empty()) return uid_at(as_text(view.identity(plain)), domain, time);
  Uid uid;
  std::copy(given.begin(), given.end(), uid.begin());
  return uid;
}

bool is_near(NtpSeconds time, NtpSeconds now, const KmsDomain& domain) {
  const std::uint64_t distance = time.count > now.count ? time.count - now.count : now.count - time.count;
  return distance <= domain.periods.length_seconds();
}

Result<OpenedIMessage> open(Bytes message, const IMessageReceiver& receiver) {
  CLAVIGER_TRY(view, parse_i_message(message));
  const NtpSeconds time = from_timestamp(view.timestamp, receiver.now);
  const KmsDomain* const from = find_domain(receiver.domains, view.identity(MikeyRole::InitiatorKms));
  const KmsDomain* const to = find_domain(receiver.domains, view.identity(MikeyRole::ResponderKms));
  if (from == nullptr || to == nullptr) return Error{Code::NotPermitted, "i_message.kms"};
  if (!is_near(time, receiver.now, *to)) return Error{Code::OutOfRange, "i_message.time"};

  CLAVIGER_TRY(initiator, uid_of(view, MikeyRole::Initiator, MikeyRole::InitiatorUid, *from, time));
  CLAVIGER_TRY(responder, uid_of(view, MikeyRole::Responder, MikeyRole::ResponderUid, *to, time));
  CLAVIGER_TRY(own, uid_at(receiver.uri, *to, time));
  if (own != responder) return Error{Code::NotPermitted, "i_message.responder"};
  if (!receiver.expected_initiator.empty()) {
    CLAVIGER_TRY(expected, uid_at(receiver.expected_initiator, *from, time));
    if (expected != initiator) return Error{Code::NotPermitted, "i_message.initiator"};
  }
  CLAVIGER_TRY(verified, eccsi_verify(from->authentication, initiator, view.signed_part, view.signature));

  for (const ReceiverKey& key : receiver.keys) {
    if (key.uid != responder) continue;
    CLAVIGER_TRY(secret, sakke_decapsulate(to->encryption, responder, *key.rsk, view.sakke_data));
    return OpenedIMessage{std::move(secret), initiator, time, view};
  }
  return Error{Code::NotFound, "i_message.key"};
}

}  // namespace

Bytes group_srtp_profile() { return std::as_bytes(std::span(kGroupSrtpProfile)); }
Bytes private_srtp_profile() { return std::as_bytes(std::span(kPrivateSrtpProfile)); }

Result<std::vector<std::byte>> build_i_message(const IMessageContent& content, const KmsDomain& initiator_kms,
                                               const EccsiUserKey& initiator_key, const KmsDomain& responder_kms,
                                               const SharedSecret& key) {
  CLAVIGER_TRY(checked, check(content));
  CLAVIGER_TRY(initiator, uid_at(content.initiator_uri, initiator_kms, content.time));
  CLAVIGER_TRY(responder, uid_at(content.responder_uri, responder_kms, content.time));
  CLAVIGER_TRY(encapsulated, sakke_encapsulate(responder_kms.encryption, responder, key));

  Writer writer;
  write_header(writer, content);
  writer.begins(Payload::Timestamp);
  writer.number(kTimestampNtpUtc);
  writer.number(to_timestamp(content.time));
  writer.begins(Payload::Rand);
  writer.counted<std::uint8_t>(content.random);
  if (content.hides_identities) {
    write_identity(writer, MikeyRole::InitiatorUid, initiator);
    write_identity(writer, MikeyRole::ResponderUid, responder);
  } else {
    write_identity(writer, MikeyRole::Initiator, as_bytes(content.initiator_uri));
    write_identity(writer, MikeyRole::Responder, as_bytes(content.responder_uri));
  }
  write_identity(writer, MikeyRole::InitiatorKms, as_bytes(initiator_kms.uri));
  write_identity(writer, MikeyRole::ResponderKms, as_bytes(responder_kms.uri));
  if (!content.srtp_policy.empty()) {
    writer.begins(Payload::Policy);
    writer.number<std::uint8_t>(0);  // the policy's number
    writer.number<std::uint8_t>(0);  // SRTP
    writer.counted<std::uint16_t>(content.srtp_policy);
  }
  writer.begins(Payload::Sakke);
  writer.number(kSakkeParameterSet1);
  writer.number(kIdSchemeHashedUid);
  writer.counted<std::uint16_t>(encapsulated);
  for (const MikeyExtension& extension : content.extensions) {
    writer.begins(Payload::Extension);
    writer.number(extension.type);
    writer.counted<std::uint16_t>(extension.data);
  }
  writer.begins(Payload::Signature);
  writer.number(kSignatureHeader);
  CLAVIGER_TRY(signature, eccsi_sign(initiator_kms.authentication, initiator, initiator_key, writer.bytes()));
  writer.octets(signature);
  // Read again before it goes out: a signature over something malformed would be our word for it.
  CLAVIGER_TRY(view, parse_i_message(writer.bytes()));
  return writer.take();
}

Result<std::vector<std::byte>> build_group_key_message(const GroupKeyMessage& content, const KmsDomain& server_kms,
                                                       const EccsiUserKey& server_key, const KmsDomain& member_kms,
                                                       const SharedSecret& gmk) {
  std::array<std::byte, kRandBytesMin> random;
  CLAVIGER_TRY(drawn, crypto::fill_random(random));
  const std::uint32_t member_id = guk_id(gmk, content.gmk_id, content.member_uri);
  std::array<std::byte, 8> spi;
  store_be(MutableBytes(spi), content.gmk_id);
  store_be(MutableBytes(spi).subspan(4), member_id);
  const CryptoSession session{kCsIdGmk, spi};
  const IMessageContent whole{.csb_id = member_id,
                              .sessions = std::span(&session, 1),
                              .time = content.time,
                              .random = random,
                              .initiator_uri = content.group_server_uri,
                              .responder_uri = content.member_uri,
                              .srtp_policy = group_srtp_profile(),
                              .extensions = content.extensions};
  return build_i_message(whole, server_kms, server_key, member_kms, gmk);
}

Result<OpenedIMessage> open_i_message(Bytes message, const IMessageReceiver& receiver) {
  auto opened = open(message, receiver);
  if (!opened) return Error{Code::SealBroken, opened.error().where};
  return opened;
}

}  // namespace claviger::mikey
