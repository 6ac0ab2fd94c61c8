#include "broker/registration/protected_info.h"

namespace claviger::registration {

Result<Unit> Protection::add(const BodyKeyRef& key) {
  if (key == nullptr) return Unit{};
  if (csk_id != 0 && (csk_id != key->id || mc_service_id != key->mc_service_id)) {
    return Error{Code::XmlEncryption, "registration.keys"};
  }
  csk_id = key->id;
  mc_service_id = key->mc_service_id;
  return Unit{};
}

Result<const sip::Part*> info_part(const sip::Parts& parts, const Service& service) {
  if (parts.count(service.info_media_type) > 1) return Error{Code::SipHeaderRepeated, "registration.info"};
  return parts.find(service.info_media_type);
}

const BodyKeyRef& signer_of(const sip::Parts& parts, const sip::Part& part, const Signers& signers) {
  return signers[static_cast<std::size_t>(&part - parts.begin())];
}

Result<OpenedInfo> open_info(const sip::Parts& parts, const sip::Part& part, const Service& service,
                             const Signers& signers, const BodyKeys& keys) {
  OpenedInfo opened;
  const BodyKeyRef& signer = signer_of(parts, part, signers);
  CLAVIGER_TRY(info, parse_info(part.body, service, keys));
  opened.protection.is_unsigned = signer == nullptr;
  opened.protection.is_clear = info.is_clear;
  CLAVIGER_TRY(signed_under, opened.protection.add(signer));
  CLAVIGER_TRY(encrypted_under, opened.protection.add(info.key));
  opened.info = std::move(info);
  return opened;
}

Result<Unit> check_policy(const Service& service, const Protection& protection) {
  if (service.needs_integrity && protection.is_unsigned) return Error{Code::XmlSignature, "registration.unsigned"};
  if (service.needs_confidentiality && protection.is_clear) return Error{Code::XmlEncryption, "registration.clear"};
  return Unit{};
}

Result<Unit> check_owner(const Protection& protection, std::string_view mc_service_id) {
  if (protection.csk_id == 0 || protection.mc_service_id == mc_service_id) return Unit{};
  return Error{Code::ServiceNotAuthorised, "registration.key_of_another"};
}

}  // namespace claviger::registration
