// Messages with a KMS (TS 33.180 clauses D.2.2, D.3): a KmsRequest written, a KmsResponse read and checked against it.
//
// Pure functions over what a server says, any thread. Wrapped keys are unwrapped here, so that nothing wrapped is kept.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/secret.h"
#include "tools/claviger-ue/xml_tree.h"

namespace claviger::ue {

// An answer with key sets of some periods or a cache of a hundred certificates.
inline constexpr std::size_t kResponseBytesMax = 1024 * 1024;
// How far a signed answer's time may be from ours.
inline constexpr std::int64_t kTimeWindow = 300;

// A TrK or InK (clause D.1): what wraps, what signs.
struct SharedKey {
  std::string id;
  SecretBytes key;  // empty id: there is none
  bool has_value() const { return !id.empty(); }
};

struct KmsRequest {
  std::string user_uri;
  std::string kms_uri;
  std::string url;
  std::string device_id;
  std::int64_t time = 0;
  std::uint32_t milliseconds = 0;  // of that second: the interface has no nonce, and equal requests are replays
};
// Signed with the InK, or with the TrK when there is no InK (clause D.2.2); unsigned without either.
std::string write_request(const KmsRequest& request, const SharedKey& trk, const SharedKey& ink);

// clause D.3.2.2
struct KmsCertificate {
  std::string cert_uri;
  std::string kms_uri;
  std::string role;
  bool is_revoked = false;
  std::uint64_t period = 0;
  std::uint64_t offset = 0;
  std::array<std::byte, 257> pub_enc_key{};
  std::array<std::byte, 65> pub_auth_key{};
  std::vector<std::string> domains;
  std::string xml;  // canonical, for keeping
};
// KmsCertificateInvalid: a member missing or of another shape, another UserIdFormat or ParameterSet.
Result<KmsCertificate> read_certificate(const XmlTree& tree, XmlElement element);

// clause D.3.3.2, unwrapped
struct KeySet {
  std::string kms_uri;
  std::string cert_uri;
  std::string user_uri;
  std::array<std::byte, 32> user_id{};
  std::uint64_t period = 0;
  bool is_revoked = false;
  bool was_wrapped = false;
  SecretBytes rsk;  // 257 octets
  SecretBytes ssk;  // 32
  std::array<std::byte, 65> pvt{};
};

struct KmsResponse {
  bool is_signed = false;
  std::vector<KmsCertificate> certificates;
  std::optional<std::uint64_t> cache_number;
  std::vector<KeySet> key_sets;
  std::vector<SharedKey> new_transport_keys;
  std::vector<SharedKey> new_integrity_keys;
  std::vector<std::string> kms_uris;  // of a lookup
};
// Against the request it answers, with the keys the request was made with. XmlSignature: signed wrongly, or not though
// the request was; KmsUriDiffers, RequestUrlDiffers, RequestTime, KeysDenied (another user): not to this request;
// XmlSchema; KeyWrapInvalid: a key that the TrK does not unwrap.
Result<KmsResponse> read_response(std::string_view text, const KmsRequest& request, const SharedKey& trk,
                                  const SharedKey& ink);
// "1202: There are no keys for that time."; empty without one.
std::string read_error(std::string_view text);
// What a status that is not 200 means, with what read_error says of its body: KeysRevoked, else Refused.
Code code_of_refusal(std::uint16_t status, std::string_view error);

}  // namespace claviger::ue
