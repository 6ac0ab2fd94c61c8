#include "broker/keys/kms_response.h"

#include <array>
#include <optional>

#include "broker/keys/date_time.h"
#include "broker/keys/xml_signature.h"
#include "core/codec/base64url.h"
#include "core/codec/hex.h"
#include "core/crypto/key_wrap.h"

namespace claviger::keys {
namespace {

// Tags, dates and numbers of one part, generously.
constexpr std::size_t kFixedRoom = 1536;

void put_hex(XmlWriter& xml, std::string_view name, Bytes bytes) {
  xml.begin(name);
  codec::hex_encode(bytes, xml.sink());
  xml.end(name);
}

// The calendar costs more than all else of an element, and the times of answers are few: this second, ends of periods.
const DateTimeText& known_time_text(std::int64_t time) {
  struct Known {
    std::int64_t time;
    DateTimeText text;
  };
  constexpr unsigned kPlaceBits = 4;
  thread_local std::array<std::optional<Known>, 1U << kPlaceBits> known;
  auto& place = known[static_cast<std::uint64_t>(time) * 0x9E3779B97F4A7C15U >> (64U - kPlaceBits)];
  if (!place || place->time != time) place = Known{time, date_time_text(time)};
  return place->text;
}

XmlWriter& put_time(XmlWriter& xml, std::string_view name, std::int64_t time) {
  const DateTimeText& text = known_time_text(time);
  return xml.element(name, std::string_view(text.data(), text.size()));
}

// One EncryptedKey: 272 octets in hex, and what stands around them.
constexpr std::size_t kWrappedRoom = 1536;

std::string_view algorithm_of(WrapMode mode) {
  return mode == WrapMode::Pad11 ? "http://www.w3.org/2009/xmlenc11#kw-aes-256-pad"
                                 : "http://www.w3.org/2001/04/xmlenc#kw-aes256";
}

// Fetching OpenSSL's ciphers costs more than wrapping with them: once a thread.
Result<crypto::KeyWrap*> key_wrap() {
  thread_local std::optional<crypto::KeyWrap> wrap;
  if (!wrap) {
    CLAVIGER_TRY(made, crypto::KeyWrap::make());
    wrap.emplace(std::move(made));
  }
  return &*wrap;
}

// Spec 4.7: RFC 3394 takes no 257 and no 65 octets. `key` is RSK, SSK, PVT or a transport key.
crypto::KeyWrapMode mode_of(const DomainPolicy& policy) {
  return policy.wrap_mode == WrapMode::Strip04 ? crypto::KeyWrapMode::Rfc3394 : crypto::KeyWrapMode::Rfc5649;
}
Bytes wrapped_part(const DomainPolicy& policy, Bytes key) {
  // The points' first octet is 04 and nothing else.
  return policy.wrap_mode == WrapMode::Strip04 && key.size() % 8 == 1 ? key.subspan(1) : key;
}
static_assert(kWrappedBytesMax == crypto::wrapped_size(crypto::KeyWrapMode::Rfc5649, kRskBytes));

// EncKeyContentType. `carried`: the name of the key inside, when it has one.
void put_wrapped(XmlWriter& xml, std::string_view name, const DomainPolicy& policy, std::string_view kek_id,
                 Bytes wrapped, std::string_view carried = {}) {
  xml.raw("<").raw(name).raw(
      " xsi:type=\"EncKeyContentType\"><EncryptedKey xmlns=\"http://www.w3.org/2001/04/xmlenc#\">");
  xml.raw("<EncryptionMethod Algorithm=\"").raw(algorithm_of(policy.wrap_mode)).raw("\"></EncryptionMethod>");
  xml.raw("<KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\">").element("KeyName", kek_id).raw("</KeyInfo>");
  xml.raw("<CipherData><CipherValue>");
  if (policy.is_cipher_hex) {
    codec::hex_encode(wrapped, xml.sink());
  } else {
    codec::base64_encode(wrapped, xml.sink());
  }
  xml.raw("</CipherValue></CipherData>");
  if (!carried.empty()) xml.element("CarriedKeyName", carried);
  xml.raw("</EncryptedKey>").end(name);
}

std::size_t head_room(const HeadView& head) { return kFixedRoom + XmlWriter::kEscapedMax * head.text_bytes(); }

void write_head(XmlWriter& xml, const HeadView& head) {
  xml.raw(
      "<KmsResponse xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\" "
      "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" Id=\"xmldoc\" Version=\"1.0.0\">");
  xml.element("UserUri", head.user_uri).element("KmsUri", head.kms_uri);
  put_time(xml, "Time", head.time).element("ClientReqUrl", head.client_req_url);
}

constexpr std::string_view kResponseEnd = "</KmsResponse>";

}  // namespace

std::size_t ResponseFrame::room(const HeadView& head, const Protection& protection) {
  std::size_t room = head_room(head) + XmlWriter::kEscapedMax * protection.transport.id.size();
  if (protection.is_signed()) room += kFixedRoom + 2 * signature_room(protection.signing.id);
  return room;
}

ResponseFrame::ResponseFrame(XmlWriter& xml, const HeadView& head, const Protection& protection)
    : xml_(xml), protection_(protection) {
  if (protection.is_signed()) xml.raw("<SignedKmsResponse xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\" Id=\"signed\">");
  begin_ = xml.sink().size();
  write_head(xml, head);
}

void ResponseFrame::end() {
  if (protection_.wraps()) xml_.element("TrK-ID", protection_.transport.id);
  if (protection_.is_signed()) xml_.element("Signature-ID", protection_.signing.id);
  xml_.raw(kResponseEnd);
  if (!protection_.is_signed()) return;
  const Bytes response = xml_.sink().written().subspan(begin_);
  write_signature(xml_, "xmldoc", response, protection_.signing.id, protection_.signing.key.reveal());
  xml_.raw("</SignedKmsResponse>");
}

std::size_t offered_room(const Protection& protection) {
  std::size_t room = 0;
  for (const OfferedKey& each : protection.offered) {
    room += kWrappedRoom + XmlWriter::kEscapedMax * (each.key.id.size() + protection.transport.id.size());
  }
  return room;
}

Result<Unit> write_offered(XmlWriter& xml, const DomainPolicy& policy, const Protection& protection) {
  // The schema has transport keys first.
  for (const TransportKeyKind kind : {TransportKeyKind::Trk, TransportKeyKind::Ink}) {
    const std::string_view name = kind == TransportKeyKind::Trk ? "NewTransportKey" : "NewIntegrityKey";
    for (const OfferedKey& each : protection.offered) {
      if (each.kind != kind) continue;
      CLAVIGER_TRY(wrap, key_wrap());
      std::array<std::byte, kWrappedBytesMax> wrapped{};
      CLAVIGER_TRY(size, wrap->wrap(mode_of(policy), protection.transport.key.reveal(),
                                    wrapped_part(policy, each.key.key.reveal()), wrapped));
      put_wrapped(xml, name, policy, protection.transport.id, Bytes(wrapped).first(size), each.key.id);
    }
  }
  return Unit{};
}

std::size_t certificate_room(const Domain& domain) {
  std::size_t texts = domain.cert_uri.size() + domain.kms_uri.size() + domain.issuer.size();
  for (const std::string& name : domain.domains)
    texts += name.size() + 2 * std::string_view("<KmsDomain></KmsDomain>").size();
  return kFixedRoom + XmlWriter::kEscapedMax * texts + 2 * (kRskBytes + kPvtBytes);
}

void write_certificate(XmlWriter& xml, const Domain& domain, std::string_view role, std::string_view attributes) {
  xml.raw("<KmsCertificate").raw(attributes.empty() ? "" : " ").raw(attributes);
  xml.raw(" Role=\"").raw(role).raw("\" Version=\"1.1.0\">");
  xml.element("CertUri", domain.cert_uri).element("KmsUri", domain.kms_uri);
  if (!domain.issuer.empty()) xml.element("Issuer", domain.issuer);
  put_time(xml, "ValidFrom", domain.valid_from);
  put_time(xml, "ValidTo", domain.valid_to);
  xml.element("Revoked", domain.state == DomainState::Revoked ? "true" : "false");
  xml.element("UserIdFormat", "2").element("UserKeyPeriod", domain.periods.seconds);
  xml.element("UserKeyOffset", domain.periods.offset);
  put_hex(xml, "PubEncKey", domain.public_encryption);
  put_hex(xml, "PubAuthKey", domain.public_authentication);
  xml.element("ParameterSet", "1");
  if (!domain.domains.empty()) {
    xml.begin("KmsDomainList");
    for (const std::string& name : domain.domains) xml.element("KmsDomain", name);
    xml.end("KmsDomainList");
  }
  xml.end("KmsCertificate");
}

std::size_t key_set_room(const KeySetView& set, const Protection& protection) {
  const Domain& domain = *set.domain;
  const std::size_t texts = domain.kms_uri.size() + domain.cert_uri.size() + domain.issuer.size() + set.user_uri.size();
  const std::size_t keys =
      protection.wraps() ? 3 * (kWrappedRoom + XmlWriter::kEscapedMax * protection.transport.id.size()) : kWireBytes;
  return kFixedRoom + XmlWriter::kEscapedMax * texts + keys;
}

// Opened, taken apart and wrapped: all of an answer's keys go through the rounds side by side.
Result<Unit> wrap_key_sets(storage::Sealer& sealer, std::span<const KeySetView> sets, const Protection& protection,
                           std::span<WrappedKeys> out) {
  CLAVIGER_ASSERT(sets.size() <= kWrappedSetsMax && out.size() >= sets.size() && !sets.empty());
  const DomainPolicy& policy = sets.front().domain->policy;
  std::array<UserKeys, kWrappedSetsMax> keys;
  std::array<crypto::KeyWrap::Wrapping, 3 * kWrappedSetsMax> all;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    CLAVIGER_TRY(stored, read_user_keys(*sets[i].value));
    Secret<kWireBytes> wire;
    CLAVIGER_TRY(opened, open_user_keys(sealer, sets[i].record_key, stored, wire.reveal_for_writing()));
    CLAVIGER_TRY(parsed, parse_wire(wire.reveal()));
    keys[i] = std::move(parsed);
    const std::size_t n = sets.size();
    all[i] = {wrapped_part(policy, keys[i].rsk.reveal()), out[i].rsk.bytes, 0};
    all[n + i] = {wrapped_part(policy, keys[i].pvt), out[i].pvt.bytes, 0};
    all[2 * n + i] = {wrapped_part(policy, keys[i].ssk.reveal()), out[i].ssk.bytes, 0};
  }
  CLAVIGER_TRY(wrap, key_wrap());
  const std::span<crypto::KeyWrap::Wrapping> used = std::span(all).first(3 * sets.size());
  CLAVIGER_TRY(wrapped, wrap->wrap_together(mode_of(policy), protection.transport.key.reveal(), used));
  for (std::size_t i = 0; i < sets.size(); ++i) {
    out[i].rsk.size = all[i].size;
    out[i].pvt.size = all[sets.size() + i].size;
    out[i].ssk.size = all[2 * sets.size() + i].size;
  }
  return Unit{};
}

Result<Unit> write_key_set(XmlWriter& xml, storage::Sealer& sealer, const KeySetView& set, const Protection& protection,
                           const WrappedKeys* wrapped) {
  CLAVIGER_TRY(stored, read_user_keys(*set.value));
  const Domain& domain = *set.domain;
  xml.raw("<KmsKeySet Version=\"1.1.0\">");
  xml.element("KmsUri", domain.kms_uri).element("CertUri", domain.cert_uri);
  if (!domain.issuer.empty()) xml.element("Issuer", domain.issuer);
  xml.element("UserUri", set.user_uri).begin("UserID");
  if (domain.policy.is_user_id_base64) {
    codec::base64_encode(stored.uid, xml.sink());
  } else {
    codec::hex_encode(stored.uid, xml.sink());
  }
  xml.end("UserID");
  put_time(xml, "ValidFrom", domain.periods.begins_at(set.period));
  put_time(xml, "ValidTo", domain.periods.ends_at(set.period) - 1);
  xml.element("KeyPeriodNo", set.period).element("Revoked", "false");
  if (protection.wraps()) {
    WrappedKeys own;
    if (wrapped == nullptr) {
      CLAVIGER_TRY(done, wrap_key_sets(sealer, {&set, 1}, protection, {&own, 1}));
      wrapped = &own;
    }
    const std::string& id = protection.transport.id;
    put_wrapped(xml, "UserDecryptKey", domain.policy, id, wrapped->rsk.used());
    put_wrapped(xml, "UserSigningKeySSK", domain.policy, id, wrapped->ssk.used());
    put_wrapped(xml, "UserPubTokenPVT", domain.policy, id, wrapped->pvt.used());
    xml.end("KmsKeySet");
    return Unit{};
  }
  // Unsealed from the store's block into the answer: the one pass over the keys before TLS.
  SlabWriter& sink = xml.sink();
  CLAVIGER_ASSERT(sink.room() >= kWireBytes);
  CLAVIGER_TRY(opened, open_user_keys(sealer, set.record_key, stored, sink.unwritten().first(kWireBytes)));
  sink.advance(kWireBytes);
  xml.end("KmsKeySet");
  return Unit{};
}

Slice write_error(SlabPool& slabs, const ResponseHead& said, std::uint32_t code, std::string_view message) {
  const HeadView head = said.view();
  SlabWriter sink(slabs, head_room(head) + message.size());
  XmlWriter xml(sink);
  write_head(xml, head);
  xml.raw("<KmsError Version=\"1.0.0\">").element("ErrorCode", code).element("ErrorMsg", message).end("KmsError");
  xml.raw(kResponseEnd);
  return sink.finish();
}

}  // namespace claviger::keys
