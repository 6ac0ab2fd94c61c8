// The query of a client that waits for changes of documents that it has (TS 23.280 clause 10.1.4.4, over HTTP):
//
//   ?document=SELECTOR&etag=ETAG&document=...&wait=SECONDS     etag belongs to the document before it
//
// Pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/configuration/application.h"
#include "broker/configuration/document_name.h"
#include "broker/configuration/xcap_endpoint.h"
#include "core/base/result.h"

namespace claviger::configuration {

// One document that a client has, and as what.
struct Watched {
  std::string selector;  // as it was written
  DocumentName name;
  Application application;
  std::string etag;
};
struct ChangesQuestion {
  std::vector<Watched> documents;
  std::int64_t wait = kWaitUsual;
};

// ParameterMalformed; TooMany: over kWatchedMax; UriPathInvalid, DocumentUnknown: no name of a document of ours.
Result<ChangesQuestion> read_changes_query(std::string_view query);

}  // namespace claviger::configuration
