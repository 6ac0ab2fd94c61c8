#include "broker/registration/publication_timer.h"

#include <algorithm>

#include "broker/registration/change.h"
#include "broker/tables.h"

namespace claviger::registration {

using runtime::Task;

namespace {

// 0: it is there no more.
Task<Result<std::int64_t>> end_of(Registrar* registrar, std::string etag) {
  auto value =
      co_await registrar->here().store.get(broker::tables::kPublications, publication_key(registrar->tenant(), etag));
  if (value.failed_with(Code::NotFound)) co_return 0;
  if (!value) co_return value.error();
  CLAVIGER_CO_TRY(publication, decode_publication(*value, etag));
  co_return publication.expires_at;
}

Task<Result<Unit>> look_once(Registrar* registrar, PublicationTimer timer, std::int64_t due) {
  CLAVIGER_CO_TRY(former, co_await read_binding(registrar, timer.name));
  const bool is_living = former.version != 0 && former.ended == EndReason::None && former.impu == timer.impu;
  const bool is_its = timer.etag.empty() ? former.publication_due == due : former.etag == timer.etag;
  if (!is_living || !is_its || former.etag.empty()) co_return Unit{};
  CLAVIGER_CO_TRY(expires_at, co_await end_of(registrar, former.etag));
  Change change(registrar);
  Binding binding = former;
  // The outbox's clock is another shard's, and may be a little ahead of the one here.
  const std::int64_t now = std::max(change.now, due);
  if (expires_at > now) {
    keep_publication_timer(change.transaction, binding, expires_at, now);
  } else {
    erase_publication_timer(change.transaction, binding, now);
    binding.etag.clear();
    binding.publication_due = 0;
    change.tell(binding.name.mc_service_id);
  }
  put(change.transaction, registrar->tenant(), binding, &former);
  auto committed = co_await change.commit();
  co_return committed;
}

}  // namespace

Task<Result<Unit>> look_at_publication(Registrar* registrar, PublicationTimer timer, std::int64_t due) {
  auto turn = co_await registrar->turns().take(timer.impu);
  if (!turn) co_return turn.error();
  for (int i = 1;; ++i) {
    auto looked = co_await look_once(registrar, timer, due);
    if (!looked.failed_with(Code::Conflict) || i == kConflictTries) co_return looked;
  }
}

}  // namespace claviger::registration
