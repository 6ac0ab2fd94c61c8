#include "broker/key_encryption.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/crypto/digest.h"

namespace claviger::broker {
namespace {

using runtime::Task;

storage::WrappingKeys::Id id_of(const std::string& label) {
  const auto digest = crypto::sha256(as_bytes(label));
  storage::WrappingKeys::Id id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

}  // namespace

TokenKeyWrapper::TokenKeyWrapper(pkcs11::KeyStore& store, std::vector<std::string> labels)
    : store_(store), labels_(std::move(labels)) {
  CLAVIGER_ASSERT(!labels_.empty());
}

storage::WrappingKeys::Id TokenKeyWrapper::newest() const { return id_of(labels_.back()); }

const std::string* TokenKeyWrapper::label_of(Bytes id) const {
  const auto found = std::ranges::find_if(labels_, [id](const std::string& label) {
    return as_text(Bytes(id_of(label))) == as_text(id);
  });
  return found == labels_.end() ? nullptr : &*found;
}

// The key's name stands in the associated data, too: what one wrapped is not another's.
Task<Result<std::string>> TokenKeyWrapper::wrap(std::string associated, SecretBytes key) {
  associated += as_text(Bytes(newest()));
  auto wrapped = co_await store_.wrap(labels_.back(), std::move(associated), std::move(key));
  if (wrapped.failed_with(Code::NotFound)) co_return Error{Code::KeyStoreMissing, "pkcs11.key_encryption_key"};
  co_return wrapped;
}

Task<Result<SecretBytes>> TokenKeyWrapper::unwrap(std::string id, std::string associated, std::string wrapped) {
  const std::string* label = label_of(as_bytes(id));
  if (label == nullptr) co_return Error{Code::SealBroken, "data_keys"};
  associated += id;
  auto key = co_await store_.unwrap(*label, std::move(associated), std::move(wrapped));
  if (key.failed_with(Code::NotFound)) co_return Error{Code::KeyStoreMissing, "pkcs11.key_encryption_key"};
  co_return key;
}

}  // namespace claviger::broker
