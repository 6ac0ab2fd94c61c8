#include "broker/keys/external_certificate.h"

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>

#include "broker/keys/date_time.h"
#include "broker/keys/kms_generated.h"
#include "broker/keys/kms_request.h"
#include "broker/record_key.h"
#include "core/codec/hex.h"
#include "core/codec/xml_guard.h"
#include "core/crypto/digest.h"
#include "core/crypto/mikey/eccsi.h"
#include "core/crypto/mikey/sakke.h"
#include "storage/record.h"

namespace claviger::keys {
namespace {

constexpr storage::RecordSchema kSchema{"kms_certificates", 1};
constexpr Error kBad{Code::KmsCertificateInvalid, "kms.certificate"};

std::string_view stage_of(bool is_admitted) { return is_admitted ? "admitted" : "pending"; }

template <std::size_t N>
Result<Unit> read_point(const flatbuffers::Vector<std::uint8_t>* field, std::array<std::byte, N>& point) {
  const Bytes bytes = storage::bytes_of(field);
  if (bytes.size() != N) return Error{Code::Corrupt, kSchema.name};
  std::ranges::copy(bytes, point.begin());
  return Unit{};
}

std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

// The text of the one child of that name; nothing when there is none.
Result<std::string> text_of(const pugi::xml_node& parent, std::string_view name) {
  pugi::xml_node found;
  for (const pugi::xml_node child : parent.children()) {
    if (child.type() != pugi::node_element || local_name(child) != name) continue;
    if (found) return kBad;
    found = child;
  }
  std::string_view text = found.child_value();
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return std::string(text);
}

Result<std::string> uri_of(const pugi::xml_node& parent, std::string_view name, bool is_required) {
  CLAVIGER_TRY(text, text_of(parent, name));
  if (text.empty() && !is_required) return text;
  if (!check_uri(text)) return kBad;
  return text;
}

Result<std::uint32_t> number_of(const pugi::xml_node& parent, std::string_view name) {
  CLAVIGER_TRY(text, text_of(parent, name));
  std::uint32_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return kBad;
  return number;
}

Result<std::int64_t> time_of(const pugi::xml_node& parent, std::string_view name, std::int64_t absent) {
  CLAVIGER_TRY(text, text_of(parent, name));
  if (text.empty()) return absent;
  return read_date_time(text);
}

template <std::size_t N>
Result<Unit> point_of(const pugi::xml_node& parent, std::string_view name, std::array<std::byte, N>& point) {
  CLAVIGER_TRY(text, text_of(parent, name));
  const auto size = codec::hex_decode(text, point);
  if (!size || *size != N) return kBad;
  return Unit{};
}

Result<std::vector<std::string>> names_of(const pugi::xml_node& parent) {
  std::vector<std::string> names;
  for (const pugi::xml_node list : parent.children()) {
    if (local_name(list) != "KmsDomainList") continue;
    for (const pugi::xml_node each : list.children()) {
      if (local_name(each) != "KmsDomain") continue;
      if (names.size() >= kDomainNamesMax || !check_uri(each.child_value())) return kBad;
      names.emplace_back(each.child_value());
    }
  }
  return names;
}

Result<Domain> read_members(const pugi::xml_node& node) {
  Domain domain;
  CLAVIGER_TRY(kms_uri, uri_of(node, "KmsUri", true));
  CLAVIGER_TRY(cert_uri, uri_of(node, "CertUri", false));
  CLAVIGER_TRY(issuer, uri_of(node, "Issuer", false));
  CLAVIGER_TRY(from, time_of(node, "ValidFrom", 0));
  CLAVIGER_TRY(to, time_of(node, "ValidTo", kTimeMax));
  CLAVIGER_TRY(revoked, text_of(node, "Revoked"));
  CLAVIGER_TRY(format, text_of(node, "UserIdFormat"));
  CLAVIGER_TRY(period, number_of(node, "UserKeyPeriod"));
  CLAVIGER_TRY(offset, number_of(node, "UserKeyOffset"));
  CLAVIGER_TRY(set, text_of(node, "ParameterSet"));
  CLAVIGER_TRY(encryption, point_of(node, "PubEncKey", domain.public_encryption));
  CLAVIGER_TRY(authentication, point_of(node, "PubAuthKey", domain.public_authentication));
  CLAVIGER_TRY(names, names_of(node));
  if (format != "2" || period == 0 || (!set.empty() && set != "1") || to <= from) return kBad;
  domain.kms_uri = std::move(kms_uri);
  domain.cert_uri = cert_uri.empty() ? domain.kms_uri : std::move(cert_uri);
  domain.issuer = std::move(issuer);
  domain.periods = {period, offset};
  domain.valid_from = from;
  domain.valid_to = to;
  domain.state = revoked == "true" || revoked == "1" ? DomainState::Revoked : DomainState::Active;
  domain.domains = std::move(names);
  return domain;
}

}  // namespace

std::string external_prefix(std::string_view tenant) { return broker::record_prefix({tenant}); }

std::string external_key(std::string_view tenant, const ExternalCertificate& certificate) {
  return broker::record_key(
      {tenant, certificate.certificate.kms_uri, certificate.certificate.cert_uri, stage_of(certificate.is_admitted)});
}

std::string encode_external(const ExternalCertificate& external) {
  const Domain& certificate = external.certificate;
  flatbuffers::FlatBufferBuilder builder(2048);
  const auto cert_uri = storage::put_text(builder, certificate.cert_uri);
  const auto issuer = storage::put_text(builder, certificate.issuer);
  const auto format = storage::put_text(builder, "2");
  const auto encryption = storage::put_bytes(builder, certificate.public_encryption);
  const auto authentication = storage::put_bytes(builder, certificate.public_authentication);
  const auto domains = storage::put_texts(builder, certificate.domains);
  const auto signer = storage::put_text(builder, external.signer);
  schema::CertificateBuilder record(builder);
  record.add_schema_version(kSchema.version);
  record.add_cert_uri(cert_uri);
  record.add_issuer(issuer);
  record.add_user_id_format(format);
  record.add_period(certificate.periods.seconds);
  record.add_offset(certificate.periods.offset);
  record.add_valid_from(certificate.valid_from);
  record.add_valid_to(certificate.valid_to);
  record.add_public_encryption(encryption);
  record.add_public_authentication(authentication);
  record.add_is_revoked(certificate.state == DomainState::Revoked);
  record.add_cache_number(certificate.cache_number);
  record.add_admitted_at(external.admitted_at);
  record.add_domains(domains);
  record.add_signer(signer);
  record.add_fetched_at(external.fetched_at);
  builder.Finish(record.Finish());
  return storage::finished(builder);
}

Result<ExternalCertificate> decode_external(const storage::Value& value, std::string_view key) {
  const std::size_t first = key.find('\0');
  const std::size_t second = first == std::string_view::npos ? first : key.find('\0', first + 1);
  const std::size_t last = key.rfind('\0');
  if (second == std::string_view::npos || last <= second) return Error{Code::Corrupt, kSchema.name};
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Certificate>::open(value, kSchema, key.substr(first + 1)));
  if (record->period() == 0) return Error{Code::Corrupt, kSchema.name};
  ExternalCertificate external;
  Domain& certificate = external.certificate;
  certificate.kms_uri = key.substr(first + 1, second - first - 1);
  certificate.cert_uri = key.substr(second + 1, last - second - 1);
  external.is_admitted = key.substr(last + 1) == stage_of(true);
  certificate.issuer = storage::text_of(record->issuer());
  certificate.periods = {record->period(), record->offset()};
  certificate.valid_from = record->valid_from();
  certificate.valid_to = record->valid_to();
  CLAVIGER_TRY(encryption, read_point(record->public_encryption(), certificate.public_encryption));
  CLAVIGER_TRY(authentication, read_point(record->public_authentication(), certificate.public_authentication));
  certificate.state = record->is_revoked() ? DomainState::Revoked : DomainState::Active;
  certificate.cache_number = record->cache_number();
  certificate.domains = storage::texts_of(record->domains());
  external.signer = storage::text_of(record->signer());
  external.fetched_at = record->fetched_at();
  external.admitted_at = record->admitted_at();
  external.version = value.version();
  return external;
}

Result<Domain> read_kms_certificate(std::string_view xml) {
  if (xml.size() > kCertificateDocumentMax) return Error{Code::XmlTooLarge, "kms.certificate"};
  CLAVIGER_TRY(guarded, codec::guard_xml(xml));
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8)) {
    return Error{Code::XmlSyntax, "kms.certificate"};
  }
  const pugi::xml_node root = document.document_element();
  const std::string_view declared = root.attribute("xmlns").value();
  if (std::string_view(root.name()) != "KmsCertificate" || declared != kKmsNamespace) return kBad;
  CLAVIGER_TRY(domain, read_members(root));
  // Checked here once: clients that do not check would encrypt to nobody.
  const auto encryption = mikey::SakkePublicKey::from_octets(domain.public_encryption);
  const auto authentication = mikey::EccsiPublicKey::from_octets(domain.public_authentication);
  if (!encryption || !authentication) return kBad;
  return domain;
}

std::string fingerprint_of(const Domain& certificate) {
  crypto::Sha256 hash;
  const auto put = [&hash](std::string_view part) {
    std::array<std::byte, 4> size{};
    store_be(MutableBytes(size), static_cast<std::uint32_t>(part.size()));
    hash.update(size);
    hash.update(as_bytes(part));
  };
  put(certificate.kms_uri);
  put(certificate.cert_uri);
  put(std::to_string(certificate.periods.seconds));
  put(std::to_string(certificate.periods.offset));
  put(std::to_string(certificate.valid_from));
  put(std::to_string(certificate.valid_to));
  put(as_text(certificate.public_encryption));
  put(as_text(certificate.public_authentication));
  for (const std::string& name : certificate.domains) put(name);
  std::string text;
  codec::hex_encode(hash.finish(), text);
  return text;
}

}  // namespace claviger::keys
