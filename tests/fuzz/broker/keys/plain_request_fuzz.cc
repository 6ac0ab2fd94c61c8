// The reader in one pass against the one by the tree: whatever the first takes the second takes with the same meaning,
// and a signature it finds is where the second finds it.
#include <cstdint>
#include <string_view>

#include "broker/keys/kms_request.h"
#include "broker/keys/plain_request.h"
#include "core/base/assert.h"

namespace {

using namespace claviger;

void expect_same(const keys::PlainRequest& plain, const keys::KmsRequest& read) {
  CLAVIGER_ASSERT(plain.user_uri == read.user_uri);
  CLAVIGER_ASSERT(plain.kms_uri == read.kms_uri);
  CLAVIGER_ASSERT(plain.client_id == read.client_id);
  CLAVIGER_ASSERT(plain.device_id == read.device_id);
  CLAVIGER_ASSERT(plain.client_req_url == read.client_req_url);
  CLAVIGER_ASSERT(plain.trk_id == read.trk_id);
  CLAVIGER_ASSERT(plain.signature_id == read.signature_id);
  CLAVIGER_ASSERT(plain.time == read.time);
  CLAVIGER_ASSERT(read.krr.empty() && !read.client_error);
}

bool is_inside(std::string_view part, std::string_view text) {
  return part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto plain = keys::read_plain_request(text);
  const auto with_signature = keys::read_plain_signed(text);
  if (!plain && !with_signature) return 0;
  CLAVIGER_ASSERT(!plain || !with_signature);
  CLAVIGER_ASSERT(keys::is_signed_form(text) == with_signature.has_value());
  const auto read = keys::read_kms_tree(text);
  CLAVIGER_ASSERT(read.has_value());
  expect_same(plain ? *plain : with_signature->request, *read);
  CLAVIGER_ASSERT(read->signature.has_value() == with_signature.has_value());
  if (!with_signature) return 0;
  CLAVIGER_ASSERT(read->signature->key_name == with_signature->key_name);
  CLAVIGER_ASSERT(is_inside(with_signature->request_text, text) && is_inside(with_signature->info_text, text));
  CLAVIGER_ASSERT(with_signature->request_text.starts_with("<KmsRequest") &&
                  with_signature->info_text.starts_with("<SignedInfo"));
  return 0;
}
