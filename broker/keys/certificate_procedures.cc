#include "broker/keys/certificate_procedures.h"

#include <algorithm>

#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/runtime/call.h"
#include "storage/page.h"

namespace claviger::keys {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

Task<Result<std::vector<ExternalCertificate>>> read_all(Context* context, std::string tenant) {
  const std::string prefix = external_prefix(tenant);
  auto rows = co_await storage::range_all(&context->store, tables::kKmsCertificates, prefix,
                                          broker::record_prefix_end(prefix), 2 * kExternalMax);
  if (!rows) co_return rows.error();
  std::vector<ExternalCertificate> all;
  for (const storage::Record& row : *rows) {
    CLAVIGER_CO_TRY(certificate, decode_external(row.value, row.key));
    all.push_back(std::move(certificate));
  }
  co_return all;
}

void put(storage::Transaction& transaction, std::string_view tenant, const ExternalCertificate& certificate) {
  const std::string key = external_key(tenant, certificate);
  transaction.expect_version(tables::kKmsCertificates, key, certificate.version);
  transaction.put(tables::kKmsCertificates, key, as_bytes(encode_external(certificate)));
}
void erase(storage::Transaction& transaction, std::string_view tenant, const ExternalCertificate& certificate) {
  const std::string key = external_key(tenant, certificate);
  transaction.expect_version(tables::kKmsCertificates, key, certificate.version);
  transaction.erase(tables::kKmsCertificates, key);
}

const ExternalCertificate* find(const std::vector<ExternalCertificate>& all, const Domain& of, bool is_admitted) {
  const auto found = std::ranges::find_if(all, [&](const ExternalCertificate& each) {
    return each.is_admitted == is_admitted && each.certificate.kms_uri == of.kms_uri &&
           each.certificate.cert_uri == of.cert_uri;
  });
  return found == all.end() ? nullptr : &*found;
}

// The next number of the cache, or that the tenant has none.
Result<std::uint64_t> next_number(Kms& kms, std::string_view tenant) {
  const auto table = kms.table();
  const TenantDomains* domains = table->find(tenant);
  if (domains == nullptr) return Error{Code::KmsUnknown, "kms"};
  return domains->cache_number() + 1;
}

Task<Result<Unit>> commit_and_publish(Kms* kms, storage::Transaction transaction) {
  CLAVIGER_CO_TRY(committed, co_await kms->home().store.commit(std::move(transaction)));
  CLAVIGER_CO_TRY(published, co_await kms->reload());
  co_return Unit{};
}

// Revoked ones stay in the cache until their ValidTo (spec (keys) 4.10); then nobody believes them anyway.
bool is_over(const ExternalCertificate& each, std::int64_t now) {
  const Domain& certificate = each.certificate;
  return each.is_admitted && certificate.state == DomainState::Revoked && certificate.valid_to != 0 &&
         certificate.valid_to <= now;
}

bool has_room(const std::vector<ExternalCertificate>& all, std::int64_t now) {
  const auto over = std::ranges::count_if(all, [now](const ExternalCertificate& each) { return is_over(each, now); });
  return all.size() - static_cast<std::size_t>(over) < kExternalMax;
}

Task<Result<ExternalCertificate>> propose_at_home(Kms* kms, std::string tenant, ExternalCertificate proposed) {
  auto turn = co_await kms->turns().take("kms");
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(number, next_number(*kms, tenant));
  const std::string own_uri = kms->table()->find(tenant)->generations.back()->domain.kms_uri;
  if (proposed.certificate.kms_uri == own_uri) co_return Error{Code::KmsTaken, "kms.certificate"};
  CLAVIGER_CO_TRY(all, co_await read_all(&kms->home(), tenant));
  const std::int64_t now = numeric_date(kms->home().shard.wall());
  const ExternalCertificate* admitted = find(all, proposed.certificate, true);
  const bool is_same =
      admitted != nullptr && fingerprint_of(admitted->certificate) == fingerprint_of(proposed.certificate);
  storage::Transaction transaction;
  if (is_same) {
    const bool is_news = proposed.certificate.state == DomainState::Revoked &&
                         admitted->certificate.state != DomainState::Revoked && !proposed.signer.empty();
    if (!is_news) co_return *admitted;
    ExternalCertificate revoked = *admitted;
    revoked.certificate.state = DomainState::Revoked;
    revoked.certificate.cache_number = number;
    put(transaction, tenant, revoked);
    CLAVIGER_CO_TRY(done, co_await commit_and_publish(kms, std::move(transaction)));
    co_return revoked;
  }
  const ExternalCertificate* waiting = find(all, proposed.certificate, false);
  if (waiting == nullptr && !has_room(all, now)) co_return Error{Code::TooMany, "kms.certificates"};
  proposed.is_admitted = false;
  proposed.version = waiting == nullptr ? 0 : waiting->version;
  proposed.fetched_at = now;
  put(transaction, tenant, proposed);
  CLAVIGER_CO_TRY(committed, co_await kms->home().store.commit(std::move(transaction)));
  co_return proposed;
}

Task<Result<ExternalCertificate>> admit_at_home(Kms* kms, std::string tenant, std::string fingerprint) {
  auto turn = co_await kms->turns().take("kms");
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(number, next_number(*kms, tenant));
  CLAVIGER_CO_TRY(all, co_await read_all(&kms->home(), tenant));
  const auto waiting = std::ranges::find_if(all, [&](const ExternalCertificate& each) {
    return !each.is_admitted && fingerprint_of(each.certificate) == fingerprint;
  });
  if (waiting == all.end()) co_return Error{Code::AdmissionUnknown, "kms.fingerprint"};
  const ExternalCertificate* former = find(all, waiting->certificate, true);
  ExternalCertificate admitted = *waiting;
  admitted.is_admitted = true;
  admitted.version = former == nullptr ? 0 : former->version;
  admitted.admitted_at = numeric_date(kms->home().shard.wall());
  admitted.certificate.cache_number = number;
  storage::Transaction transaction;
  erase(transaction, tenant, *waiting);
  put(transaction, tenant, admitted);
  // Here, because the number of the cache goes on with this one: it must never be one that somebody has seen.
  for (const ExternalCertificate& each : all) {
    if (is_over(each, admitted.admitted_at) && &each != former) erase(transaction, tenant, each);
  }
  CLAVIGER_CO_TRY(done, co_await commit_and_publish(kms, std::move(transaction)));
  co_return admitted;
}

Task<Result<ExternalCertificate>> revoke_at_home(Kms* kms, std::string tenant, std::string fingerprint) {
  auto turn = co_await kms->turns().take("kms");
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(number, next_number(*kms, tenant));
  CLAVIGER_CO_TRY(all, co_await read_all(&kms->home(), tenant));
  const auto found = std::ranges::find_if(
      all, [&](const ExternalCertificate& each) { return fingerprint_of(each.certificate) == fingerprint; });
  if (found == all.end()) co_return Error{Code::AdmissionUnknown, "kms.fingerprint"};
  ExternalCertificate revoked = *found;
  revoked.certificate.state = DomainState::Revoked;
  revoked.certificate.cache_number = number;
  storage::Transaction transaction;
  if (revoked.is_admitted) {
    put(transaction, tenant, revoked);
  } else {
    erase(transaction, tenant, revoked);
  }
  CLAVIGER_CO_TRY(done, co_await commit_and_publish(kms, std::move(transaction)));
  co_return revoked;
}

}  // namespace

Task<Result<ExternalCertificate>> propose_certificate(Kms* kms, std::string tenant, ExternalCertificate certificate) {
  auto start = [kms, tenant = std::move(tenant), certificate = std::move(certificate)] {
    return propose_at_home(kms, tenant, certificate);
  };
  auto done = co_await runtime::call_on(&kms->home().shard, std::move(start));
  co_return done;
}

Task<Result<ExternalCertificate>> admit_certificate(Kms* kms, std::string tenant, std::string fingerprint) {
  auto start = [kms, tenant = std::move(tenant), fingerprint = std::move(fingerprint)] {
    return admit_at_home(kms, tenant, fingerprint);
  };
  auto done = co_await runtime::call_on(&kms->home().shard, std::move(start));
  co_return done;
}

Task<Result<ExternalCertificate>> revoke_certificate(Kms* kms, std::string tenant, std::string fingerprint) {
  auto start = [kms, tenant = std::move(tenant), fingerprint = std::move(fingerprint)] {
    return revoke_at_home(kms, tenant, fingerprint);
  };
  auto done = co_await runtime::call_on(&kms->home().shard, std::move(start));
  co_return done;
}

Task<Result<std::vector<ExternalCertificate>>> list_certificates(Kms* kms, std::string tenant) {
  auto start = [kms, tenant = std::move(tenant)] { return read_all(&kms->home(), tenant); };
  auto done = co_await runtime::call_on(&kms->home().shard, std::move(start));
  co_return done;
}

}  // namespace claviger::keys
