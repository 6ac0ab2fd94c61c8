#include "broker/registration/publication_timer.h"

#include "broker/registration/change.h"

namespace claviger::registration {

using runtime::Task;

namespace {

Task<Result<Unit>> look_once(Registrar* registrar, PublicationTimer timer) {
  CLAVIGER_CO_TRY(former, co_await read_binding(registrar, timer.name));
  const bool is_its =
      former.version != 0 && former.ended == EndReason::None && former.impu == timer.impu && former.etag == timer.etag;
  if (!is_its) co_return Unit{};
  Change change(registrar);
  Binding binding = former;
  binding.etag.clear();
  put(change.transaction, registrar->tenant(), binding, &former);
  change.tell(binding.name.mc_service_id);
  auto committed = co_await change.commit();
  co_return committed;
}

}  // namespace

Task<Result<Unit>> look_at_publication(Registrar* registrar, PublicationTimer timer) {
  auto turn = co_await registrar->turns().take(timer.impu);
  if (!turn) co_return turn.error();
  for (int i = 1;; ++i) {
    auto looked = co_await look_once(registrar, timer);
    if (!looked.failed_with(Code::Conflict) || i == kConflictTries) co_return looked;
  }
}

}  // namespace claviger::registration
