#include "broker/identity/authenticators/enrolment.h"

#include "core/codec/base32.h"
#include "core/codec/percent.h"
#include "core/crypto/hkdf.h"

namespace claviger::identity {

Secret<kSeedBytes> offered_seed(const Secret<32>& interaction_key, std::string_view tenant, std::string_view sub,
                                const Interaction& interaction) {
  std::string info = "totp-enrolment";
  for (const std::string_view part : {tenant, sub}) info.append(1, '\0').append(part);
  return crypto::derive_secret<kSeedBytes>(interaction_key.reveal(), interaction.id, as_bytes(info));
}

std::string_view name_of(crypto::OtpAlgorithm algorithm) {
  switch (algorithm) {
    case crypto::OtpAlgorithm::Sha256:
      return "SHA256";
    case crypto::OtpAlgorithm::Sha512:
      return "SHA512";
    case crypto::OtpAlgorithm::Sha1:
      break;
  }
  return "SHA1";
}

std::string otpauth_uri(std::string_view issuer, std::string_view login, const AuthenticatorRecord& record,
                        Bytes seed) {
  std::string uri;
  uri.reserve(1024);  // the seed stands near the end: no growth leaves a copy of it behind
  uri.append("otpauth://").append(record.kind).append("/");
  codec::percent_encode(issuer, uri);
  uri += ':';
  codec::percent_encode(login, uri);
  uri += '?';
  const std::string secret = codec::base32_encode(seed);
  codec::FormWriter<std::string> query(uri);
  query.add("secret", secret).add("issuer", issuer).add("algorithm", name_of(record.algorithm));
  query.add("digits", std::to_string(record.digits));
  if (record.kind == "hotp") {
    query.add("counter", std::to_string(record.counter));
  } else {
    query.add("period", std::to_string(record.period_seconds));
  }
  return uri;
}

}  // namespace claviger::identity
