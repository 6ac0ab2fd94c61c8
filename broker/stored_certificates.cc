#include "broker/stored_certificates.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "broker/administration/acm_records.h"
#include "broker/exchange/peer_procedures.h"
#include "broker/identity/authenticators/outside_verifier.h"
#include "broker/migration/agreement.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/runtime/offload.h"
#include "storage/page.h"

namespace claviger::broker {
namespace {

using runtime::Task;

// Records read at a time, 64 KiB of PEM each at most; and tenants, of which most have none.
constexpr std::size_t kPage = 16;

struct Stored {
  std::string name;
  std::string pem;
  Dated what = Dated::Certificate;
};
using AllStored = std::vector<Stored>;

std::string named(std::string_view kind, std::string_view name, std::string_view tenant) {
  std::string text(kind);
  if (!name.empty()) text.append(" ").append(name);
  return text.append(" of ").append(tenant);
}

void add(AllStored& found, const std::string& name, std::string own, std::string authorities) {
  if (!own.empty()) found.push_back({name, std::move(own), Dated::Certificate});
  if (!authorities.empty()) found.push_back({name, std::move(authorities), Dated::Authorities});
}

void add_row(AllStored& found, storage::TableId table, std::string_view tenant, std::string_view id,
             const storage::Value& value) {
  if (table == tables::kAgreements) {
    auto one = migration::decode_agreement(value, id);
    if (one) add(found, named("agreement", id, tenant), std::move(one->certificate_pem), std::move(one->ca_pem));
  } else if (table == tables::kAcmClients) {
    auto one = administration::decode_partner(value);
    if (one) add(found, named("acm partner", id, tenant), std::move(one->certificate_pem), std::move(one->ca_pem));
  } else {
    auto one = exchange::decode_peer(value, id);
    if (one) add(found, named("kms peer", id, tenant), {}, std::move(one->ca_pem));
  }
}

std::vector<CertificateDate> dates_of(const AllStored& found) {
  std::vector<CertificateDate> dates;
  for (const Stored& each : found) {
    auto date = certificate_date(each.name, each.pem, each.what);
    if (date) dates.push_back(*std::move(date));
  }
  return dates;
}

// Parses off the loop, which goes on meanwhile; also when there is nothing to parse.
Task<void> look_at(Context* context, AllStored* found, std::vector<CertificateDate>* dates) {
  auto parse = [taken = std::make_shared<const AllStored>(std::exchange(*found, {}))] { return dates_of(*taken); };
  auto parsed = co_await runtime::offload(&context->work_pool, std::move(parse));
  if (!parsed) co_return;
  dates->insert(dates->end(), std::make_move_iterator(parsed->begin()), std::make_move_iterator(parsed->end()));
  const std::size_t kept = std::min(dates->size(), kStoredShownMax);
  const auto middle = dates->begin() + static_cast<std::ptrdiff_t>(kept);
  std::ranges::partial_sort(*dates, middle, {}, &CertificateDate::not_after);
  dates->resize(kept);
}

Task<void> look_at_rows(Context* context, storage::TableId table, std::string tenant, std::string prefix,
                        std::vector<CertificateDate>* dates) {
  const std::string end = record_prefix_end(prefix);
  for (std::string from = prefix; !from.empty();) {
    auto page = co_await context->store.range(table, from, end, kPage);
    if (!page) co_return;
    from = storage::is_full_page(*page, kPage) ? page->back().key + '\0' : std::string();
    AllStored found;
    for (const storage::Record& row : *page) {
      add_row(found, table, tenant, std::string_view(row.key).substr(prefix.size()), row.value);
    }
    page->clear();
    if (!found.empty()) co_await look_at(context, &found, dates);
  }
}

}  // namespace

Task<std::vector<CertificateDate>> stored_certificate_dates(Context* context) {
  // A snapshot may be published meanwhile.
  std::vector<std::string> tenants;
  for (const auto& [name, view] : context->snapshot->tenants) tenants.push_back(name);
  std::vector<CertificateDate> dates;
  AllStored found;
  for (std::size_t i = 0; i < tenants.size(); ++i) {
    const std::string tenant = tenants[i];
    auto own = co_await exchange::read_identity(context, tenant);
    if (own) add(found, named("kms identity", {}, tenant), std::move(own->chain_pem), {});
    auto verifier = co_await identity::read_verifier(context, tenant);
    if (verifier) {
      add(found, named("verifier", {}, tenant), std::move(verifier->certificate_pem), std::move(verifier->ca_pem));
    }
    std::string agreements = record_prefix({tenant});
    std::string partners = record_prefix({tenant, "partner"});
    co_await look_at_rows(context, tables::kAgreements, tenant, std::move(agreements), &dates);
    co_await look_at_rows(context, tables::kAcmClients, tenant, std::move(partners), &dates);
    co_await look_at_rows(context, tables::kKmsPeers, tenant, exchange::peer_prefix(tenant), &dates);
    if (i % kPage == kPage - 1 || i + 1 == tenants.size()) co_await look_at(context, &found, &dates);
  }
  co_return dates;
}

}  // namespace claviger::broker
