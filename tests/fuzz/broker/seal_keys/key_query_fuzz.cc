// Any query: refused, or read into a service and one target within the bounds, which writes as a query that reads the same.
#include <cstdint>
#include <cstdlib>

#include "broker/seal_keys/key_query.h"
#include "core/codec/percent.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  using namespace claviger::seal_keys;
  codec::JsonReader reader;
  const auto parsed = parse_key_query(reader, {reinterpret_cast<const char*>(data), size});
  if (!parsed.query) {
    if (parsed.fault.param.empty() || parsed.fault.reason.empty()) std::abort();
    return 0;
  }
  const KeyQuery& query = *parsed.query;
  if ((query.target.kind == TargetKind::Service) != query.target.id.empty()) std::abort();
  std::string written = "val-service-id=";
  codec::percent_encode(query.service, written);
  if (query.target.kind != TargetKind::Service) {
    written += query.target.kind == TargetKind::User ? "&valUserId=" : "&valUeId=";
    codec::percent_encode(query.target.id, written);
  }
  const auto again = parse_key_query(reader, written);
  if (!again.query || again.query->service != query.service || again.query->target != query.target) std::abort();
  return 0;
}
