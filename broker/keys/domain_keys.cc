#include "broker/keys/domain_keys.h"

#include <algorithm>

#include "core/crypto/mikey/eccsi.h"
#include "core/crypto/mikey/rsk_extractor.h"
#include "core/crypto/mikey/sakke.h"
#include "core/crypto/mikey/uid.h"

namespace claviger::keys {
namespace {

static_assert(kRskBytes == mikey::kSakkePointBytes && kZBytes == mikey::kSakkeScalarBytes);
static_assert(kPvtBytes == mikey::kEccsiPointBytes && kKsakBytes == mikey::kEccsiScalarBytes);

class MikeyDomainKeys final : public DomainKeys {
 public:
  MikeyDomainKeys(mikey::SakkeMasterSecret sakke, mikey::EccsiMasterSecret eccsi, mikey::RskExtractor extractor)
      : sakke_(std::move(sakke)), eccsi_(std::move(eccsi)), extractor_(std::move(extractor)) {}

  SecretBytes secrets() const override {
    SecretBytes secrets(kDomainSecretBytes);
    const MutableBytes out = secrets.reveal_for_writing();
    std::ranges::copy(sakke_.octets().reveal(), out.begin());
    std::ranges::copy(eccsi_.octets().reveal(), out.begin() + kZBytes);
    return secrets;
  }
  const std::array<std::byte, kRskBytes>& public_encryption() const override { return sakke_.public_key().octets(); }
  const std::array<std::byte, kPvtBytes>& public_authentication() const override {
    return eccsi_.public_key().octets();
  }

  Result<UserKeys> issue(Bytes id) const override {
    CLAVIGER_TRY(keys, issue_many({std::string(as_text(id))}));
    return std::move(keys.front());
  }

  Result<std::vector<UserKeys>> issue_many(const std::vector<std::string>& ids) const override {
    std::vector<UserKeys> all(ids.size());
    for (std::size_t first = 0; first < ids.size(); first += mikey::RskExtractor::kBatchMax) {
      const std::size_t count = std::min(mikey::RskExtractor::kBatchMax, ids.size() - first);
      std::vector<Bytes> identifiers;
      for (std::size_t i = first; i < first + count; ++i) identifiers.push_back(as_bytes(ids[i]));
      std::vector<mikey::Rsk> rsks(count);
      CLAVIGER_TRY(extracted, extractor_.extract(identifiers, rsks));
      for (std::size_t i = 0; i < count; ++i) {
        CLAVIGER_TRY(pair, mikey::issue_eccsi_key(eccsi_, identifiers[i]));
        UserKeys& keys = all[first + i];
        keys.rsk = std::move(rsks[i]);
        keys.ssk = std::move(pair.ssk);
        keys.pvt = pair.pvt;
      }
    }
    return all;
  }

 private:
  const mikey::SakkeMasterSecret sakke_;
  const mikey::EccsiMasterSecret eccsi_;
  const mikey::RskExtractor extractor_;
};

Result<std::shared_ptr<const DomainKeys>> make_keys(mikey::SakkeMasterSecret sakke, mikey::EccsiMasterSecret eccsi) {
  CLAVIGER_TRY(extractor, mikey::RskExtractor::make(sakke));
  return std::shared_ptr<const DomainKeys>(
      std::make_shared<MikeyDomainKeys>(std::move(sakke), std::move(eccsi), std::move(extractor)));
}

}  // namespace

Result<std::shared_ptr<const DomainKeys>> DomainKeys::generate() {
  CLAVIGER_TRY(sakke, mikey::SakkeMasterSecret::generate());
  CLAVIGER_TRY(eccsi, mikey::EccsiMasterSecret::generate());
  return make_keys(std::move(sakke), std::move(eccsi));
}

Result<std::shared_ptr<const DomainKeys>> DomainKeys::restore(Bytes secrets) {
  if (secrets.size() != kDomainSecretBytes) return Error{Code::ScalarInvalid, "kms.secrets"};
  auto sakke = mikey::SakkeMasterSecret::from_octets(secrets.first(kZBytes));
  auto eccsi = mikey::EccsiMasterSecret::from_octets(secrets.subspan(kZBytes));
  if (!sakke || !eccsi) return Error{Code::ScalarInvalid, "kms.secrets"};
  return make_keys(*std::move(sakke), *std::move(eccsi));
}

Result<Uid> make_uid(std::string_view user_uri, std::string_view kms_uri, std::uint32_t period, std::uint32_t offset,
                     std::uint64_t number) {
  CLAVIGER_TRY(periods, mikey::KeyPeriods::make(period, offset));
  return mikey::compute_uid(user_uri, kms_uri, periods, number);
}

}  // namespace claviger::keys
