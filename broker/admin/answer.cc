#include "broker/admin/answer.h"

#include "core/codec/json_writer.h"

namespace claviger::admin {

Meaning meaning_of(Code code) {
  switch (code) {
    case Code::NotFound:
      return {404, "there is no such thing"};
    case Code::ConfigMissing:
      return {404, "clavigerd's configuration file has no such section, or none of this tenant's"};
    case Code::UserUnknown:
      return {404, "no such user"};
    case Code::ClientUnknown:
      return {404, "no such client"};
    case Code::AuthenticatorUnknown:
      return {404, "no such authenticator"};
    case Code::SessionUnknown:
      return {404, "no such session"};
    case Code::ServiceKeyUnknown:
      return {404, "no such key of a VAL service"};
    case Code::UeUnknown:
      return {404, "no such UE"};
    case Code::DocumentUnknown:
      return {404, "no such document"};
    case Code::ProfileUnknown:
      return {404, "no such profile"};
    case Code::SetupUnknown:
      return {404, "no such request"};
    case Code::SetupDecided:
      return {409, "it was decided before"};
    case Code::SetupListTooLong:
      return {413, "more users or systems than one request may have"};
    case Code::IdempotencyKeyReused:
      return {409, "the key was used with another body"};
    case Code::AcmClientUnknown:
      return {404, "no such ACM client"};
    case Code::AcmPartnerUnknown:
      return {404, "no such system to exchange users with"};
    case Code::AcmNotAuthorised:
      return {400, "the ACM client may not ask for this"};
    case Code::AcmQuota:
      return {400, "the agreement allows no more users"};
    case Code::TemplateUnknown:
      return {404, "no such template"};
    case Code::EntityTagDiffers:
      return {409, "the document is not in the state that was expected"};
    case Code::DocumentInvalid:
      return {400, "not a document of its kind"};
    case Code::XcapConstraint:
      return {400, "the document contradicts its name"};
    case Code::XcapUniqueness:
      return {400, "something that must be unique comes twice"};
    case Code::XcapUtf8:
      return {400, "not UTF-8"};
    case Code::XmlSyntax:
      return {400, "not well-formed XML"};
    case Code::XmlDoctype:
      return {400, "a document type declaration is not allowed"};
    case Code::XmlTooLarge:
      return {400, "more than a document of its kind has"};

    case Code::SubscriberUnknown:
      return {404, "no such subscriber"};
    case Code::SubscriberTaken:
      return {409, "another subscriber has this private or public identity"};
    case Code::SubscriberInvalid:
      return {400, "this is not allowed of a subscriber"};
    case Code::AkaKeyInvalid:
      return {400, "K has 16 octets (TUAK: or 32), OPc 16, TOPc 32, as hexadecimal digits"};

    case Code::PartnerUnknown:
      return {404, "no such partner"};
    case Code::PeerUnknown:
      return {404, "no such peer"};
    case Code::PeerTaken:
      return {409, "there is a peer of this identity, or it is ours"};
    case Code::SecurityDiffers:
      return {409, "a peer under TLS needs a certificate of ours: [diameter] certificate_file"};
    case Code::PartnerUserUnknown:
      return {404, "no such user of this partner"};
    case Code::PartnerTaken:
      return {409, "another partner has this name, issuer or resource"};
    case Code::PartnerDisabled:
      return {409, "the partner is disabled"};
    case Code::PartnerInvalid:
      return {400, "this is not allowed of a partner"};
    case Code::PartnerKeysMissing:
      return {502, "the partner publishes no key that can verify"};
    case Code::Unreachable:
    case Code::TlsFailure:
    case Code::CertificateInvalid:
    case Code::ProtocolError:
    case Code::PeerClosed:
      return {502, "the partner cannot be reached"};

    case Code::AgreementUnknown:
      return {404, "no agreement with this system"};
    case Code::AgreementTaken:
      return {409, "another agreement has this system, client, partner or range"};
    case Code::AgreementInvalid:
      return {400, "this is not allowed of an agreement"};
    case Code::AgreementEnded:
      return {409, "the agreement is not in force"};
    case Code::BindingUnknown:
      return {404, "no such binding"};
    case Code::BindingTaken:
      return {409, "an identity belongs to another binding"};
    case Code::BindingInvalid:
      return {400, "the binding is not what the agreement allows"};
    case Code::BindingInactive:
      return {409, "the binding's state does not allow that"};
    case Code::BindingVersion:
      return {412, "the binding has another version"};
    case Code::MigrationQuota:
      return {409, "the agreement allows no more bindings"};
    case Code::IdentitiesExhausted:
      return {409, "no SIP identity is left in the pool"};

    case Code::Conflict:
      return {409, "somebody else changed it at the same time: try again"};
    case Code::Duplicate:
      return {409, "there is one already"};
    case Code::LoginTaken:
      return {409, "another user has this login name"};
    case Code::McIdentityTaken:
      return {409, "this MC identity belongs, or belonged, to another user"};
    case Code::UeTaken:
      return {409, "there is a UE with this id, or with this key"};
    case Code::AuthenticatorTaken:
      return {409, "this authenticator is enrolled for a user already"};
    case Code::ClientTaken:
      return {409, "another client has this id"};

    case Code::NotPermitted:
      return {403, "this user may not give orders"};
    case Code::ConfigSandboxOnly:
      return {403, "only a sandbox may do that"};

    case Code::Overload:
      return {503, "too busy: try again"};
    case Code::DeadlinePassed:
      return {503, "it took too long: try again"};
    case Code::Closed:
      return {503, "the daemon is ending"};
    case Code::NoSpace:
      return {503, "no space left on the device"};

    case Code::KeyStoreMissing:
      return {503, "the PKCS #11 token is not there, or does not have this key"};
    case Code::KeyStoreFailure:
      return {502, "the PKCS #11 token failed"};

    case Code::TooLarge:
      return {413, "too large"};
    case Code::MediaType:
      return {415, "another media type is expected"};

    case Code::AuthenticatorRefused:
      return {400, "such an authenticator cannot be enrolled"};
    case Code::PolicyInvalid:
      return {400, "methods are \"password\" and kinds of authenticators, each once"};
    case Code::PskcInvalid:
      return {400, "not a key container that we can read (RFC 6030)"};
    case Code::LoginInvalid:
      return {400,
              "a login name has 1 to 255 bytes of UTF-8 without control characters, and a domain of the tenant if it "
              "has one"};
    case Code::McIdentityInvalid:
      return {400, "an MC identity is a URI in a domain of the tenant"};
    case Code::PasswordInvalid:
      return {
          400,
          "a password has at most 1024 bytes, and as many characters as the tenant's policy wants: 8 unless it says"};
    case Code::PasswordHashFormat:
      return {400, "no hash that we know (argon2id, scrypt, pbkdf2 as PHC strings)"};
    case Code::PasswordHashCost:
      return {400, "the hash costs more than a sign-in may (memory, passes or rounds)"};
    case Code::ScopeMalformed:
      return {400, "not a scope"};
    case Code::ScopeUnknown:
      return {400, "no such scope"};
    case Code::ClientRedirectUri:
      return {400,
              "a redirect URI must be absolute, without fragment, https or loopback, its query without code or state"};
    case Code::ClientMetadata:
      return {400, "the client's settings contradict each other"};
    case Code::ClientKeys:
      return {400, "not a key set that can verify the client's assertions"};
    case Code::KmsTaken:
      return {409, "the tenant has a KMS already"};
    case Code::KmsUnknown:
      return {404, "the tenant has no KMS"};
    case Code::KmsPeerUnknown:
      return {404, "no such peer"};
    case Code::KmsPeerTaken:
      return {409, "another peer has that name"};
    case Code::GroupServerUnknown:
      return {404, "no such group management server"};
    case Code::GroupServerTaken:
      return {409, "that URI is a group management server's or a user's already"};
    case Code::AdmissionUnknown:
      return {404, "no certificate with that fingerprint waits"};
    case Code::KmsCertificateInvalid:
      return {400, "not a KMS certificate, or not signed by the peer's name"};
    case Code::KmsUriDiffers:
      return {400, "the certificate is of another KMS"};
    case Code::KmsSealed:
      return {409, "the secrets of the domain are not here"};
    case Code::KeyPeriod:
      return {400, "no keys for that period"};
    case Code::UriPathInvalid:
      return {400, "not a URI"};
    case Code::TransportKeyUnknown:
      return {404, "no such key"};
    case Code::CeremonyShares:
      return {400, "the shares do not fit together"};
    case Code::KeyPublished:
      return {400, "a key out of a standard's examples: everybody has its private part"};
    case Code::KeyMalformed:
      return {400, "not one private key that we can read: PEM of PKCS #8, SEC 1 or PKCS #1, unencrypted"};
    case Code::KeyType:
      return {400, "not a key of the tenant's algorithm (ES256, EdDSA or RS256)"};
    case Code::KeyWeak:
      return {400, "the key is too weak"};
    case Code::KeyNotOnCurve:
      return {400, "the key is not on its curve"};
    case Code::KeyUse:
      return {400, "this key was revoked, may not sign, or can be taken out of its token"};
    case Code::JsonSyntax:
      return {400, "not JSON"};
    case Code::JsonDuplicate:
      return {400, "a member twice"};
    case Code::JsonType:
      return {400, "a member has the wrong type"};
    case Code::JsonMissing:
      return {400, "a member is missing"};
    case Code::Utf8Invalid:
      return {400, "not UTF-8"};
    case Code::BadValue:
    case Code::Empty:
    case Code::OutOfRange:
    case Code::TooMany:
    case Code::TooDeep:
    case Code::FormSyntax:
    case Code::FormDuplicate:
      return {400, "a value is not allowed"};
    case Code::ConfigValue:
      return {400, "the configuration file is refused"};

    default:
      return {500, "the daemon failed"};
  }
}

namespace {

std::string problem_json(Code code, std::string_view detail) {
  const Meaning meaning = meaning_of(code);
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("type", "about:blank").member("title", meaning.title);
  json.member("status", meaning.status).member("code", name_of(code));
  if (!detail.empty()) json.member("detail", detail);
  json.end_object();
  return text;
}

// The place of an error of ours ("login.control") helps; for what failed inside, it is all there is to say.
std::string detail_of(const Error& error) {
  const Meaning meaning = meaning_of(error.code);
  if (error.where.empty()) return {};
  if (error.code == Code::NotFound && error.where == "tenant") return "no such tenant: clavigerctl tenant list";
  if (error.where == "user.several") {
    return "two users have this name, one for his login and one for an identity: name him by his sub (user list)";
  }
  if (error.where == "ue.certificates") {
    return "certificates: x5t#S256 of each, 43 characters: openssl x509 -in ue.pem -outform der | openssl dgst -sha256 "
           "-binary | basenc --base64url | tr -d =";
  }
  return std::string(meaning.title) + " [" + std::string(error.where) + "]";
}

}  // namespace

Answer::Answer(Error error) : Answer(error.code, detail_of(error)) {}

Answer::Answer(Code code, std::string detail)
    : status_(meaning_of(code).status),
      body_(problem_json(code, detail)),
      content_type_("application/problem+json"),
      code_(code) {}

http::Response Answer::into_response() && {
  http::Response response(status_, content_type_, std::move(body_));
  response.is_secret = true;  // a client's new secret, a seed, a share
  if (status_ == 503) response.with("retry-after", "1");
  return response;
}

}  // namespace claviger::admin
