#include "broker/former_writings.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/identity/ue.h"
#include "broker/partners/partner_users.h"
#include "broker/record_key.h"
#include "broker/registration/records.h"
#include "broker/tables.h"
#include "core/codec/urn.h"
#include "storage/page.h"

namespace claviger::broker {
namespace {

using runtime::Task;
using Parts = std::vector<std::string>;

// The row of tables::kInstallation that says that all is done.
constexpr std::string_view kDone = "former-writings";

Parts parts_of(std::string_view key) {
  Parts parts;
  for (;;) {
    const std::size_t end = key.find('\0');
    parts.emplace_back(key.substr(0, end));
    if (end == std::string_view::npos) return parts;
    key.remove_prefix(end + 1);
  }
}

std::string key_of(const Parts& parts) {
  std::string key;
  for (const std::string& part : parts) {
    if (&part != &parts.front()) key += '\0';
    key += part;
  }
  return key;
}

void make_canonical(Parts& parts, std::size_t at) {
  if (at < parts.size()) parts[at] = codec::canonical_urn(parts[at]);
}

// tenant, ue_id; tenant, ue_id, sid
void rewrite_ue(Parts& parts) { make_canonical(parts, 1); }
// tenant, "browser-ue", ue_id
void rewrite_sign_off(Parts& parts) { make_canonical(parts, 2); }
// tenant, "b" or what an index is of, ..., client ID
void rewrite_binding(Parts& parts) {
  if (parts.size() > 2 && parts[1] == registration::kUeIndex) make_canonical(parts, 2);
  make_canonical(parts, parts.size() - 1);
}
// tenant, ("gone", server,) "ue", VAL UE ID, ...
void rewrite_membership(Parts& parts) {
  const std::size_t kind = parts.size() > 1 && parts[1] == "gone" ? 3 : 1;
  if (kind < parts.size() && parts[kind] == "ue") make_canonical(parts, kind + 1);
}
// tenant, partner, "mc", MC ID
void rewrite_mapping(Parts& parts) {
  if (parts.size() != 4 || parts[2] != partners::name_of(partners::PartnerUserKind::PrimaryMcId)) return;
  parts[3] = partners::partner_user_id(partners::PartnerUserKind::PrimaryMcId, parts[3]);
}

// What becomes of a row whose new place is taken: the value of both, or nothing when the former is to stay.
using Merge = Result<std::optional<std::string>> (*)(const storage::Value& former, const storage::Value& present);

Result<std::optional<std::string>> keep_present(const storage::Value&, const storage::Value& present) {
  return std::optional(std::string(present.text()));
}
Result<std::optional<std::string>> keep_both(const storage::Value& former, const storage::Value& present) {
  if (former.text() != present.text()) return std::optional<std::string>();
  return std::optional(std::string(present.text()));
}
Result<std::optional<std::string>> keep_later(const storage::Value& former, const storage::Value& present) {
  const auto time_of = [](std::string_view text) {
    std::int64_t time = 0;
    std::from_chars(text.data(), text.data() + text.size(), time);
    return time;
  };
  const bool is_later = time_of(former.text()) > time_of(present.text());
  return std::optional(std::string(is_later ? former.text() : present.text()));
}
Result<std::optional<std::string>> merge_ues(const storage::Value& former, const storage::Value& present) {
  CLAVIGER_TRY(old, identity::decode_ue(former, ""));
  CLAVIGER_TRY(ue, identity::decode_ue(present, ""));
  ue.is_lost = ue.is_lost || old.is_lost;
  ue.last_sign_in_at = std::max(ue.last_sign_in_at, old.last_sign_in_at);
  const auto add = [](const std::vector<std::string>& from, std::vector<std::string>& to) {
    for (const std::string& key : from) {
      if (std::ranges::find(to, key) == to.end()) to.push_back(key);
    }
  };
  add(old.certificates, ue.certificates);
  add(old.dpop_keys, ue.dpop_keys);
  return std::optional(identity::encode_ue(ue));
}

struct Move {
  storage::TableId table;
  std::string_view kind;  // behind the tenant; empty: all of the tenant's
  void (*rewrite)(Parts&);
  Merge merge;
};
constexpr Move kMoves[] = {
    {tables::kUes, "", rewrite_ue, merge_ues},
    {tables::kUeSessions, "", rewrite_ue, keep_present},
    {tables::kInteractions, "browser-ue", rewrite_sign_off, keep_later},
    {tables::kServiceStates, "", rewrite_binding, keep_present},
    {tables::kValIdentities, "", rewrite_membership, keep_present},
    {tables::kPartnerUsers, "", rewrite_mapping, keep_both},
};

Task<Result<Unit>> move_row(Context* context, const Move* move, std::string to, const storage::Record* row) {
  storage::Transaction change;
  change.expect_version(move->table, row->key, row->value.version());
  change.erase(move->table, row->key);
  auto present = co_await context->store.get(move->table, to);
  if (!present && !present.failed_with(Code::NotFound)) co_return present.error();
  if (!present) {
    change.expect_absent(move->table, to);
    change.put(move->table, to, row->value.bytes(), row->value.expires_at());
  } else {
    CLAVIGER_CO_TRY(value, move->merge(row->value, *present));
    if (!value) co_return Unit{};
    const std::int64_t ends[] = {row->value.expires_at(), present->expires_at()};
    const bool is_endless = ends[0] == 0 || ends[1] == 0;
    change.expect_version(move->table, to, present->version());
    change.put(move->table, to, as_bytes(*value), is_endless ? 0 : std::max(ends[0], ends[1]));
  }
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  co_return Unit{};
}

Task<Result<Unit>> move_all(Context* context, const Move* move, std::string prefix) {
  const std::string end = record_prefix_end(prefix);
  std::string from = std::move(prefix);
  for (;;) {
    CLAVIGER_CO_TRY(rows, co_await context->store.range(move->table, from, end, storage::kRangeMax));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      Parts parts = parts_of(rows[i].key);
      move->rewrite(parts);
      std::string to = key_of(parts);
      if (to == rows[i].key) continue;
      const storage::Record* row = &rows[i];
      CLAVIGER_CO_TRY(moved, co_await move_row(context, move, std::move(to), row));
    }
    if (!storage::is_full_page(rows, storage::kRangeMax)) co_return Unit{};
    from = rows.back().key + '\0';
  }
}

}  // namespace

Task<Result<Unit>> move_former_writings(Context* context) {
  auto done = co_await context->store.get(tables::kInstallation, std::string(kDone));
  if (done) co_return Unit{};
  if (!done.failed_with(Code::NotFound)) co_return done.error();
  const auto snapshot = context->snapshot;
  for (const auto& [tenant, view] : snapshot->tenants) {
    for (const Move& move : kMoves) {
      const Move* one = &move;
      std::string prefix = move.kind.empty() ? record_prefix({tenant}) : record_prefix({tenant, move.kind});
      CLAVIGER_CO_TRY(moved, co_await move_all(context, one, std::move(prefix)));
    }
  }
  storage::Transaction change;
  change.put(tables::kInstallation, kDone, {});
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  co_return Unit{};
}

}  // namespace claviger::broker
