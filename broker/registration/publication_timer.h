// What becomes of a publication that nobody refreshed (RFC 3903 clause 4.5): its settings are nobody's any more, and
// subscribers hear so; the binding stands, whose end is another's (records.h).
#pragma once

#include "broker/registration/registrar.h"
#include "broker/registration/rows.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::registration {

// Home of the identity: the row of the binding, first due then. A publication that was refreshed meanwhile is looked at again
// when that one ends; a row that is not the binding's any more is no news.
runtime::Task<Result<Unit>> look_at_publication(Registrar* registrar, PublicationTimer timer, std::int64_t due);

}  // namespace claviger::registration
