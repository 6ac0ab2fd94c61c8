// A service's info part, opened, and how a request's body is protected: what is signed, what is encrypted, with whose key
// (TS 24.379 clause 7.3.1A; TS 33.180 clause 9.3).
//
// Opening asks for no policy. check_policy() does, once, where the service is known: of REGISTER and SUBSCRIBE at their
// reader, of PUBLISH in publish(), because only the publication knows it when there is no info part. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/registration/body_keys.h"
#include "broker/registration/info_document.h"
#include "broker/registration/service.h"
#include "broker/registration/signed_document.h"
#include "core/base/result.h"
#include "core/sip/multipart.h"

namespace claviger::registration {

struct Protection {
  bool is_unsigned = false;   // a part that counts has no signature
  bool is_clear = false;      // a token or an identity of the info part is not encrypted
  std::uint32_t csk_id = 0;   // of the one key of all that is encrypted or signed; 0: nothing is
  std::string mc_service_id;  // canonical: whose key that is

  // A part, or something in it, is under that key; null: it is not. XmlEncryption: the rest is under another.
  Result<Unit> add(const BodyKeyRef& key);
};

struct OpenedInfo {
  InfoDocument info;
  Protection protection;
};

// A service's info part, of which there is one at most; null: none. SipHeaderRepeated.
Result<const sip::Part*> info_part(const sip::Parts& parts, const Service& service);
// XmlEncryption, CskMissing, and what parse_info() says.
Result<OpenedInfo> open_info(const sip::Parts& parts, const sip::Part& part, const Service& service,
                             const Signers& signers, const BodyKeys& keys);
// Who signed that part; null: nobody.
const BodyKeyRef& signer_of(const sip::Parts& parts, const sip::Part& part, const Signers& signers);

// As much of both as the service wants, integrity first. XmlSignature, XmlEncryption.
Result<Unit> check_policy(const Service& service, const Protection& protection);
// Whoever else's key it is, nobody speaks for the user with it. ServiceNotAuthorised.
Result<Unit> check_owner(const Protection& protection, std::string_view mc_service_id);

}  // namespace claviger::registration
