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

XmlWriter& put_time(XmlWriter& xml, std::string_view name, std::int64_t time) {
  const DateTimeText text = date_time_text(time);
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
Result<Unit> put_cipher_value(XmlWriter& xml, const DomainPolicy& policy, Bytes kek, Bytes key) {
  const bool is_strict = policy.wrap_mode == WrapMode::Strip04;
  // The points' first octet is 04 and nothing else.
  if (is_strict && key.size() % 8 == 1) key = key.subspan(1);
  CLAVIGER_TRY(wrap, key_wrap());
  std::array<std::byte, crypto::wrapped_size(crypto::KeyWrapMode::Rfc5649, kRskBytes)> wrapped{};
  const auto mode = is_strict ? crypto::KeyWrapMode::Rfc3394 : crypto::KeyWrapMode::Rfc5649;
  CLAVIGER_TRY(size, wrap->wrap(mode, kek, key, wrapped));
  const Bytes bytes = Bytes(wrapped).first(size);
  xml.begin("CipherValue");
  if (policy.is_cipher_hex) {
    codec::hex_encode(bytes, xml.sink());
  } else {
    codec::base64_encode(bytes, xml.sink());
  }
  xml.end("CipherValue");
  return Unit{};
}

// EncKeyContentType. `carried`: the name of the key inside, when it has one.
Result<Unit> put_wrapped(XmlWriter& xml, std::string_view name, const DomainPolicy& policy, const NamedKey& kek,
                         Bytes key, std::string_view carried = {}) {
  xml.raw("<").raw(name).raw(
      " xsi:type=\"EncKeyContentType\"><EncryptedKey xmlns=\"http://www.w3.org/2001/04/xmlenc#\">");
  xml.raw("<EncryptionMethod Algorithm=\"").raw(algorithm_of(policy.wrap_mode)).raw("\"></EncryptionMethod>");
  xml.raw("<KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\">").element("KeyName", kek.id).raw("</KeyInfo>");
  xml.raw("<CipherData>");
  CLAVIGER_TRY(put, put_cipher_value(xml, policy, kek.key.reveal(), key));
  xml.raw("</CipherData>");
  if (!carried.empty()) xml.element("CarriedKeyName", carried);
  xml.raw("</EncryptedKey>").end(name);
  return Unit{};
}

Result<Unit> put_wrapped_keys(XmlWriter& xml, storage::Sealer& sealer, const KeySetView& set, const StoredKeys& stored,
                              const NamedKey& kek) {
  Secret<kWireBytes> wire;
  CLAVIGER_TRY(opened, open_user_keys(sealer, set.record_key, stored, wire.reveal_for_writing()));
  CLAVIGER_TRY(keys, parse_wire(wire.reveal()));
  const DomainPolicy& policy = set.domain->policy;
  CLAVIGER_TRY(rsk, put_wrapped(xml, "UserDecryptKey", policy, kek, keys.rsk.reveal()));
  CLAVIGER_TRY(ssk, put_wrapped(xml, "UserSigningKeySSK", policy, kek, keys.ssk.reveal()));
  return put_wrapped(xml, "UserPubTokenPVT", policy, kek, keys.pvt);
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
      CLAVIGER_TRY(put, put_wrapped(xml, name, policy, protection.transport, each.key.key.reveal(), each.key.id));
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

Result<Unit> write_key_set(XmlWriter& xml, storage::Sealer& sealer, const KeySetView& set,
                           const Protection& protection) {
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
    CLAVIGER_TRY(wrapped, put_wrapped_keys(xml, sealer, set, stored, protection.transport));
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
