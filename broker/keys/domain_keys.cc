#include "broker/keys/domain_keys.h"

#include <algorithm>

#include "core/crypto/mikey/eccsi.h"
#include "core/crypto/mikey/sakke.h"
#include "core/crypto/mikey/uid.h"

namespace claviger::keys {
namespace {

static_assert(kRskBytes == mikey::kSakkePointBytes && kZBytes == mikey::kSakkeScalarBytes);
static_assert(kPvtBytes == mikey::kEccsiPointBytes && kKsakBytes == mikey::kEccsiScalarBytes);

class MikeyDomainKeys final : public DomainKeys {
 public:
  MikeyDomainKeys(mikey::SakkeMasterSecret sakke, mikey::EccsiMasterSecret eccsi)
      : sakke_(std::move(sakke)), eccsi_(std::move(eccsi)) {}

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
    UserKeys keys;
    CLAVIGER_TRY(rsk, mikey::extract_rsk(sakke_, id));
    keys.rsk = std::move(rsk);
    CLAVIGER_TRY(pair, mikey::issue_eccsi_key(eccsi_, id));
    keys.ssk = std::move(pair.ssk);
    keys.pvt = pair.pvt;
    return keys;
  }

 private:
  const mikey::SakkeMasterSecret sakke_;
  const mikey::EccsiMasterSecret eccsi_;
};

}  // namespace

Result<std::shared_ptr<const DomainKeys>> DomainKeys::generate() {
  CLAVIGER_TRY(sakke, mikey::SakkeMasterSecret::generate());
  CLAVIGER_TRY(eccsi, mikey::EccsiMasterSecret::generate());
  return std::shared_ptr<const DomainKeys>(std::make_shared<MikeyDomainKeys>(std::move(sakke), std::move(eccsi)));
}

Result<std::shared_ptr<const DomainKeys>> DomainKeys::restore(Bytes secrets) {
  if (secrets.size() != kDomainSecretBytes) return Error{Code::ScalarInvalid, "kms.secrets"};
  auto sakke = mikey::SakkeMasterSecret::from_octets(secrets.first(kZBytes));
  auto eccsi = mikey::EccsiMasterSecret::from_octets(secrets.subspan(kZBytes));
  if (!sakke || !eccsi) return Error{Code::ScalarInvalid, "kms.secrets"};
  return std::shared_ptr<const DomainKeys>(std::make_shared<MikeyDomainKeys>(*std::move(sakke), *std::move(eccsi)));
}

Result<Uid> make_uid(std::string_view user_uri, std::string_view kms_uri, std::uint32_t period, std::uint32_t offset,
                     std::uint64_t number) {
  CLAVIGER_TRY(periods, mikey::KeyPeriods::make(period, offset));
  return mikey::compute_uid(user_uri, kms_uri, periods, number);
}

}  // namespace claviger::keys
