#include "core/diameter/request.h"

#include "core/diameter/node_shard.h"

namespace claviger::diameter {

Request::Request(NodeShard& shard, std::uint64_t connection, std::shared_ptr<const Source> source, Slice message)
    : shard_(&shard), connection_(connection), source_(std::move(source)), message_(std::move(message)) {}

Request::Request(Request&& other) noexcept
    : shard_(std::exchange(other.shard_, nullptr)),
      connection_(other.connection_),
      source_(std::move(other.source_)),
      message_(std::move(other.message_)),
      name_(other.name_),
      watching_(other.watching_) {}

Request::~Request() {
  if (shard_ != nullptr) refuse(result_code::kUnableToComply);
}

MessageBuilder Request::answer_builder() const {
  CLAVIGER_ASSERT(shard_ != nullptr);
  return shard_->answer_builder(message_);
}

void Request::answer(Slice message) {
  CLAVIGER_ASSERT(shard_ != nullptr);
  if (watching_ != nullptr) watching_->on_answered(message_, Message(message));
  std::exchange(shard_, nullptr)->answer(connection_, name_, std::move(message));
}

void Request::refuse(std::uint32_t code, std::string_view error_message) {
  CLAVIGER_ASSERT(shard_ != nullptr);
  std::exchange(shard_, nullptr)->refuse(connection_, message_, code, error_message);
}

void Request::refuse(const Fault& fault) {
  auto built = answer_builder().fault(fault).finish();
  if (!built) return refuse(fault.result_code);  // what failed does not fit
  answer(*std::move(built));
}

void Request::forward(Edits& edits, const Forwarding& how) {
  CLAVIGER_ASSERT(shard_ != nullptr);
  std::exchange(shard_, nullptr)->forward(connection_, message_, name_, *source_, edits, how);
}

}  // namespace claviger::diameter
