#include "broker/partners/partner_users.h"

#include <algorithm>

#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/hex.h"
#include "core/sip/uri.h"
#include "storage/page.h"

namespace claviger::partners {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

std::string_view name_of(PartnerUserKind kind) {
  switch (kind) {
    case PartnerUserKind::PrimarySub:
      return "sub";
    case PartnerUserKind::PrimaryMcId:
      return "mc";
    case PartnerUserKind::Outbound:
      return "out";
  }
  return "?";
}

std::string partner_user_key(std::string_view tenant, std::string_view partner, PartnerUserKind kind,
                             std::string_view id) {
  return broker::record_key({tenant, partner, name_of(kind), id});
}

std::string partner_user_id(PartnerUserKind kind, std::string_view id) {
  if (kind != PartnerUserKind::PrimaryMcId) return std::string(id);
  auto canonical = sip::canonical_identity(id);
  return canonical ? *std::move(canonical) : std::string(id);
}

namespace {

Task<Result<PartnerUser>> read_row(Context* context, std::string tenant, std::string partner, PartnerUserKind kind,
                                   std::string id) {
  auto value = co_await context->store.get(tables::kPartnerUsers, partner_user_key(tenant, partner, kind, id));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::PartnerUserUnknown, "partner.user"};
  if (!value) co_return value.error();
  PartnerUser user;
  user.kind = kind;
  user.id = std::move(id);
  user.sub = value->text();
  user.version = value->version();
  co_return user;
}

}  // namespace

Task<Result<PartnerUser>> read_partner_user(Context* context, std::string tenant, std::string partner,
                                            PartnerUserKind kind, std::string id) {
  std::string written = partner_user_id(kind, id);
  const bool is_same = written == id;
  auto as_said = co_await read_row(context, tenant, partner, kind, std::move(id));
  if (is_same || !as_said.failed_with(Code::PartnerUserUnknown)) co_return as_said;
  auto as_written = co_await read_row(context, std::move(tenant), std::move(partner), kind, std::move(written));
  co_return as_written;
}

namespace {

Result<PartnerUser> user_of(std::string_view rest, const storage::Value& value) {
  const std::size_t separator = rest.find('\0');
  PartnerUser user;
  for (const PartnerUserKind kind :
       {PartnerUserKind::PrimarySub, PartnerUserKind::PrimaryMcId, PartnerUserKind::Outbound}) {
    if (separator == std::string_view::npos || rest.substr(0, separator) != name_of(kind)) continue;
    user.kind = kind;
    user.id = rest.substr(separator + 1);
    user.sub = value.text();
    user.version = value.version();
    return user;
  }
  return Error{Code::Corrupt, "partner_users.key"};
}

}  // namespace

Task<Result<PartnerUserPage>> list_partner_users(Context* context, std::string tenant, std::string partner,
                                                 std::string after, std::size_t limit) {
  const std::string prefix = broker::record_prefix({tenant, partner});
  // The cursor is the rest of the last key, in hexadecimal: it contains a NUL.
  std::string from = prefix;
  if (!after.empty()) {
    std::string rest(after.size() / 2, '\0');
    if (!codec::hex_decode(after, std::as_writable_bytes(std::span(rest)))) co_return Error{Code::BadValue, "after"};
    from += rest + '\0';
  }
  const std::size_t count = std::clamp<std::size_t>(limit, 1, storage::kRangeMax);
  auto rows = co_await context->store.range(tables::kPartnerUsers, from, broker::record_prefix_end(prefix), count);
  if (!rows) co_return rows.error();
  PartnerUserPage page;
  for (const storage::Record& row : *rows) {
    CLAVIGER_CO_TRY(user, user_of(std::string_view(row.key).substr(prefix.size()), row.value));
    page.users.push_back(std::move(user));
  }
  if (storage::is_full_page(*rows, count))
    codec::hex_encode(as_bytes(std::string_view(rows->back().key).substr(prefix.size())), page.next);
  co_return page;
}

}  // namespace claviger::partners
