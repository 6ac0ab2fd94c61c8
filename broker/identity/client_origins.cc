#include "broker/identity/client_origins.h"

#include <algorithm>

#include "broker/identity/identity_shard.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/redirect.h"
#include "core/codec/uri.h"
#include "storage/page.h"

namespace claviger::identity {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

// A record is a kilobyte or two, and its reading some microseconds.
constexpr std::size_t kClientsPerPage = 64;
constexpr int kPauseFactor = 10;
constexpr Milliseconds kGoodFor{1000};

// Empty: no page is from there.
std::string place_of(const codec::Uri& uri) {
  if (codec::is_loopback_redirect(uri)) return "http://" + std::string(uri.host);
  return uri.scheme_is("https") ? uri.origin() : std::string();
}

void add_places(const Client& client, std::set<std::string, std::less<>>& places) {
  if (!client.is_enabled || !client.may_code) return;
  for (const std::string& text : client.redirect_uris) {
    const auto uri = codec::parse_absolute_uri(text);
    if (!uri) continue;
    if (std::string place = place_of(*uri); !place.empty()) places.insert(std::move(place));
  }
}

Task<Result<std::set<std::string, std::less<>>>> read_places(Context* context, std::string tenant) {
  const std::string prefix = broker::record_prefix({tenant});
  const std::string end = broker::record_prefix_end(prefix);
  std::set<std::string, std::less<>> places;
  std::string from = prefix;
  for (bool is_last = false; !is_last;) {
    CLAVIGER_CO_TRY(page, co_await context->store.range(tables::kClients, from, end, kClientsPerPage));
    for (const storage::Record& row : page) {
      const auto client = decode_client(row.value, std::string_view(row.key).substr(prefix.size()));
      if (client) add_places(*client, places);  // one that nobody can read has no pages
    }
    is_last = !storage::is_full_page(page, kClientsPerPage);
    if (!is_last) from = page.back().key + '\0';
  }
  co_return places;
}

}  // namespace

Task<Result<Unit>> ClientOrigins::read(Context* context, std::string tenant) {
  std::string name = home_name("origins", tenant, "");
  auto turn = co_await context->identity->turns().take(std::move(name));
  if (!turn) co_return turn.error();
  const Monotonic begun = context->shard.now();
  if (is_good(tenant, begun)) co_return Unit{};  // while we waited for our turn
  CLAVIGER_CO_TRY(places, co_await read_places(context, tenant));
  OfTenant& known = tenants_[tenant];
  const Monotonic now = context->shard.now();
  known.origins = std::move(places);
  known.good_until = now + std::max<Monotonic::duration>(kGoodFor, kPauseFactor * (now - begun));
  known.is_known = true;
  co_return Unit{};
}

bool ClientOrigins::is_good(std::string_view tenant, Monotonic now) const {
  const auto known = tenants_.find(tenant);
  return known != tenants_.end() && known->second.is_known && now < known->second.good_until;
}

Task<Result<bool>> ClientOrigins::holds(Context* context, std::string tenant, std::string origin) {
  if (origin.size() > kOriginBytesMax) co_return false;
  const auto uri = codec::parse_absolute_uri(origin);
  if (!uri || uri->origin() != origin) co_return false;
  const std::string place = place_of(*uri);
  if (place.empty()) co_return false;
  if (!is_good(tenant, context->shard.now())) {
    CLAVIGER_CO_TRY(done, co_await read(context, tenant));
  }
  co_return tenants_[tenant].origins.contains(place);
}

}  // namespace claviger::identity
