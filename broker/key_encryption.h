// Wraps the sealer's data keys under AES keys in the PKCS #11 token.
//
// The last of the labels wraps; the others unwrap what they wrapped before (`clavigerctl seal rotate` ends that). A key is
// named in records by the first 8 bytes of the SHA-256 of its label. Owned by Broker, until the shards have ended.
#pragma once

#include <string>
#include <vector>

#include "core/pkcs11/key_store.h"
#include "storage/key_wrapper.h"

namespace claviger::broker {

class TokenKeyWrapper final : public storage::KeyWrapper {
 public:
  // `labels`: at least one (asserted).
  TokenKeyWrapper(pkcs11::KeyStore& store, std::vector<std::string> labels);

  storage::WrappingKeys::Id newest() const override;
  bool has(Bytes id) const override { return label_of(id) != nullptr; }
  runtime::Task<Result<std::string>> wrap(std::string associated, SecretBytes key) override;
  runtime::Task<Result<SecretBytes>> unwrap(std::string id, std::string associated, std::string wrapped) override;

 private:
  const std::string* label_of(Bytes id) const;

  pkcs11::KeyStore& store_;
  std::vector<std::string> labels_;
};

}  // namespace claviger::broker
