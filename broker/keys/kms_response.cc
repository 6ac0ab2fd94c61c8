#include "broker/keys/kms_response.h"

#include "broker/keys/date_time.h"
#include "core/codec/base64url.h"
#include "core/codec/hex.h"

namespace claviger::keys {
namespace {

// Tags, dates and numbers of one part, generously.
constexpr std::size_t kFixedRoom = 1536;

void put_hex(XmlWriter& xml, std::string_view name, Bytes bytes) {
  xml.begin(name);
  codec::hex_encode(bytes, xml.sink());
  xml.end(name);
}

}  // namespace

std::size_t head_room(const ResponseHead& head) { return kFixedRoom + XmlWriter::kEscapedMax * head.text_bytes(); }

void write_head(XmlWriter& xml, const ResponseHead& head) {
  xml.raw("<KmsResponse xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\" "
          "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" Id=\"xmldoc\" Version=\"1.0.0\">");
  xml.element("UserUri", head.user_uri).element("KmsUri", head.kms_uri);
  xml.element("Time", write_date_time(head.time)).element("ClientReqUrl", head.client_req_url);
}

std::size_t certificate_room(const Domain& domain) {
  std::size_t texts = domain.cert_uri.size() + domain.kms_uri.size() + domain.issuer.size();
  for (const std::string& name : domain.domains) texts += name.size() + 2 * std::string_view("<KmsDomain></KmsDomain>").size();
  return kFixedRoom + XmlWriter::kEscapedMax * texts + 2 * (kRskBytes + kPvtBytes);
}

void write_certificate(XmlWriter& xml, const Domain& domain) {
  xml.raw("<KmsCertificate Role=\"Root\" Version=\"1.1.0\">");
  xml.element("CertUri", domain.cert_uri).element("KmsUri", domain.kms_uri);
  if (!domain.issuer.empty()) xml.element("Issuer", domain.issuer);
  xml.element("ValidFrom", write_date_time(domain.valid_from)).element("ValidTo", write_date_time(domain.valid_to));
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

std::size_t key_set_room(const KeySet& set) {
  const Domain& domain = set.domain->domain;
  const std::size_t texts = domain.kms_uri.size() + domain.cert_uri.size() + domain.issuer.size() + set.user_uri.size();
  return kFixedRoom + XmlWriter::kEscapedMax * texts + kWireBytes;
}

Result<Unit> write_key_set(XmlWriter& xml, storage::Sealer& sealer, const KeySet& set) {
  CLAVIGER_TRY(stored, read_user_keys(set.value));
  const Domain& domain = set.domain->domain;
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
  xml.element("ValidFrom", write_date_time(domain.periods.begins_at(set.period)));
  xml.element("ValidTo", write_date_time(domain.periods.ends_at(set.period) - 1));
  xml.element("KeyPeriodNo", set.period).element("Revoked", "false");
  // Unsealed from the store's block into the answer: the one pass over the keys before TLS.
  SlabWriter& sink = xml.sink();
  CLAVIGER_ASSERT(sink.room() >= kWireBytes);
  CLAVIGER_TRY(opened, open_user_keys(sealer, set.record_key, stored, sink.unwritten().first(kWireBytes)));
  sink.advance(kWireBytes);
  xml.end("KmsKeySet");
  return Unit{};
}

Slice write_error(SlabPool& slabs, const ResponseHead& head, std::uint32_t code, std::string_view message) {
  SlabWriter sink(slabs, head_room(head) + message.size());
  XmlWriter xml(sink);
  write_head(xml, head);
  xml.raw("<KmsError Version=\"1.0.0\">").element("ErrorCode", code).element("ErrorMsg", message).end("KmsError");
  xml.raw(kResponseEnd);
  return sink.finish();
}

}  // namespace claviger::keys
