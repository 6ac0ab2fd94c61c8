#include "core/http/http1_connection.h"

#include <algorithm>

#include "core/http/problem.h"
#include "core/http/target.h"

namespace claviger::http {
namespace {

// Kept between answers; what a large one needed is given back.
constexpr std::size_t kOutputKept = 4 * 1024;

struct Http1Storage final : RequestStorage {
  Slice head;
  std::string names;
};

Slice join(SlabPool& slabs, const Slice& first, const Slice& second) {
  SlabWriter writer(slabs, first.size() + second.size());
  writer.append(first.bytes());  // copy: a head must lie in one piece; at most kUnparsedMax and one read
  writer.append(second.bytes());
  return writer.finish();
}

// An empty rest keeps no slab.
Slice without_front(const Slice& slice, std::size_t size) {
  return size == slice.size() ? Slice() : slice.part(size, slice.size() - size);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool has_body(std::uint16_t status) { return status != 204 && status != 304; }

}  // namespace

class Http1Connection::OneExchange final : public Exchange {
 public:
  explicit OneExchange(Http1Connection& connection) : connection_(connection) {}
  ~OneExchange() override {
    connection_.dispatcher_.ended(*this);
    cancel();
  }
  void answer(Response response) override { connection_.submit(std::move(response)); }

  bool is_answered = false;

  // copy: the names, in lower case; values stay in the slab.
  void take_fields(const Http1Head& head, const Slice& bytes) {
    auto storage = std::make_unique<Http1Storage>();
    storage->head = bytes;
    storage->names.reserve(bytes.size());  // never moves: the names are a part of the head
    for (const Http1Field& field : head.fields) {
      const std::size_t begin = storage->names.size();
      std::transform(field.name.begin(), field.name.end(), std::back_inserter(storage->names), lower);
      const std::string_view name = std::string_view(storage->names).substr(begin);
      request.add(field_of(name), {name, field.value});
    }
    request.storage = std::move(storage);
  }

 private:
  Http1Connection& connection_;
};

std::unique_ptr<Protocol> make_http1(ProtocolHost& host, Dispatcher& dispatcher, const FixedHeaders& fixed) {
  return std::make_unique<Http1Connection>(host, dispatcher, fixed);
}

Http1Connection::Http1Connection(ProtocolHost& host, Dispatcher& dispatcher, const FixedHeaders& fixed)
    : host_(host), dispatcher_(dispatcher), fixed_(fixed), kept_(dispatcher), phase_since_(host.now()) {}

// ---- in

void Http1Connection::receive(Slice bytes) {
  if (is_ending_) return;
  if (phase_ == Phase::ReadsHead && !scanner_.has_begun()) phase_since_ = host_.now();
  unparsed_ = unparsed_.empty() ? std::move(bytes) : join(host_.slabs(), unparsed_, bytes);
  advance();
  if (phase_ == Phase::ReadsBody) body_.unpin();
  host_.update();
}

void Http1Connection::advance() {
  while (!is_ending_ && !unparsed_.empty() && phase_ != Phase::Handles && has_room()) {
    if (phase_ == Phase::ReadsBody) {
      read_body();
      if (phase_ == Phase::ReadsBody) return;
      continue;
    }
    retire_exchange();
    if (!skip_empty_line()) return;
    switch (scanner_.scan(unparsed_.text())) {
      case HeadScanner::State::NeedMore:
        return;
      case HeadScanner::State::Malformed:
        return refuse(problem(400));
      case HeadScanner::State::StartLineTooLong:
        return refuse(problem(414));
      case HeadScanner::State::FieldsTooLong:
        return refuse(problem(431));
      case HeadScanner::State::Complete:
        begin_request(scanner_.head_size());
    }
  }
}

// RFC 9112 clause 2.2: one empty line before a request is what some clients send after a body; more are none of theirs.
bool Http1Connection::skip_empty_line() {
  if (was_empty_line_skipped_ || scanner_.has_begun() || unparsed_.text().front() != '\r') return true;
  if (unparsed_.size() == 1) return false;  // of an empty line, or of a malformed one
  if (unparsed_.text()[1] != '\n') return true;
  was_empty_line_skipped_ = true;
  unparsed_ = without_front(unparsed_, 2);
  return !unparsed_.empty();
}

void Http1Connection::begin_request(std::size_t head_size) {
  scanner_ = HeadScanner();
  was_empty_line_skipped_ = false;
  const Slice bytes = unparsed_.part(0, head_size);
  unparsed_ = without_front(unparsed_, head_size);
  auto head = parser_.parse_head(bytes.text());
  if (!head) {
    return refuse(problem(head.error().code == Code::Unsupported ? 417 : 400));
  }
  const auto target = parse_target(head->target, true);
  if (!target) return refuse(problem(target.error().code == Code::UriTooLong ? 414 : 400));

  exchange_ = std::make_unique<OneExchange>(*this);
  Request& request = exchange_->request;
  exchange_->take_fields(*head, bytes);
  request.method = method_of(head->method);
  request.path = target->path;
  request.query = target->query;
  request.authority = target->authority.empty() ? head->host : target->authority;
  request.peer = &host_.peer();
  keeps_alive_ = head->keeps_alive && !is_draining_;
  dispatcher_.counters().requests_http1.add();

  if (!dispatcher_.hold(*exchange_, head_size)) {
    if (head->has_body()) keeps_alive_ = false;
    return submit(overload_response());
  }
  if (auto refused = dispatcher_.admit(*exchange_, head->content_length)) {
    // Where the next request begins is only known once the body was read, which we do not want.
    if (head->has_body()) keeps_alive_ = false;
    return submit(*std::move(refused));
  }
  if (!head->has_body()) {
    phase_ = Phase::Handles;
    return dispatcher_.dispatch(*exchange_);
  }
  phase_ = Phase::ReadsBody;
  phase_since_ = host_.now();
  body_received_ = 0;
  if (head->expects_continue && unparsed_.empty()) output_ += "HTTP/1.1 100 Continue\r\n\r\n";
}

void Http1Connection::read_body() {
  std::vector<std::string_view> pieces;
  const auto progress = parser_.parse_body(unparsed_.text(), pieces);
  if (!progress) return refuse(problem(progress.error().code == Code::TooLarge ? 413 : 400));
  for (const std::string_view piece : pieces) {
    if (piece.size() > exchange_->route->body_bytes_max - body_.size()) return refuse(problem(413));
    if (!dispatcher_.hold(*exchange_, piece.size())) return refuse(overload_response());
    body_.append(unparsed_.part(static_cast<std::size_t>(piece.data() - unparsed_.text().data()), piece.size()));
  }
  body_received_ += progress->used;
  unparsed_ = without_front(unparsed_, progress->used);
  if (!progress->is_done) return;
  exchange_->request.body = body_.take(host_.slabs());
  phase_ = Phase::Handles;
  dispatcher_.dispatch(*exchange_);
}

// Not from within submit(): the handler's own end may be what called it.
void Http1Connection::retire_exchange() {
  if (exchange_ != nullptr && exchange_->is_answered) exchange_.reset();
}

// ---- out

void Http1Connection::submit(Response response) {
  if (exchange_->is_answered) return;
  exchange_->is_answered = true;
  dispatcher_.answered(*exchange_, response.status);
  if (is_draining_) keeps_alive_ = false;
  const std::size_t size = text_of(response.body).size();
  write_head(response, size);
  if (exchange_->request.method != Method::Head && has_body(response.status)) {
    if (size <= kSmallBody && !response.is_secret) {
      output_ += text_of(response.body);  // copy: see kSmallBody
    } else {
      large_ = std::move(response);
      large_sent_ = 0;
    }
  }
  kept_.set(unsent());
  exchange_->request = Request();  // nobody needs it while the answer waits
  phase_ = Phase::ReadsHead;
  phase_since_ = host_.now();
  if (!keeps_alive_) is_ending_ = true;
  host_.update();
}

void Http1Connection::refuse(Response response) {
  if (exchange_ == nullptr || exchange_->is_answered) {
    dispatcher_.counters().protocol_errors.add();
    exchange_ = std::make_unique<OneExchange>(*this);
  }
  keeps_alive_ = false;
  body_ = BodyBuffer();
  submit(std::move(response));
}

void Http1Connection::write_head(const Response& response, std::size_t body_size) {
  const auto field = [this](std::string_view name, std::string_view value) {
    output_ += name;
    output_ += ": ";
    output_ += value;
    output_ += "\r\n";
  };
  output_ += "HTTP/1.1 ";
  output_ += std::to_string(response.status);
  output_ += ' ';
  output_ += reason_of(response.status);
  output_ += "\r\n";
  field("date", host_.date());
  if (!response.content_type.empty()) field("content-type", response.content_type);
  if (has_body(response.status)) field("content-length", std::to_string(body_size));
  if (!response.cache_control.empty()) field("cache-control", response.cache_control);
  if (!keeps_alive_) field("connection", "close");
  for (const ResponseHeader& header : response.headers) field(header.name, header.value);
  for (const ResponseHeader& header : fixed_) field(header.name, header.value);
  output_ += "\r\n";
}

// A large body stays whole until its last byte.
std::size_t Http1Connection::unsent() const { return output_.size() + (large_ ? text_of(large_->body).size() : 0); }

std::size_t Http1Connection::produce(MutableBytes room) {
  retire_exchange();
  if (!is_ending_) advance();  // what waited for an answer to be pulled or to be ready
  std::size_t produced = 0;
  const auto pull = [&](std::string_view from, std::size_t& sent) {
    const std::size_t count = std::min(from.size() - sent, room.size() - produced);
    std::memcpy(room.data() + produced, from.data() + sent, count);  // copy: into the record
    sent += count;
    produced += count;
    return sent == from.size();
  };
  if (!output_.empty() && pull(output_, output_sent_)) {
    output_.clear();
    output_sent_ = 0;
    if (output_.capacity() > kOutputKept) output_ = std::string();
  }
  if (output_.empty() && large_ && pull(text_of(large_->body), large_sent_)) large_.reset();
  kept_.set(unsent());
  return produced;
}

// ---- deadlines

Monotonic Http1Connection::deadline() const {
  const Limits& limits = dispatcher_.limits();
  if (is_ending_ || phase_ == Phase::Handles) return Monotonic::max();
  if (phase_ == Phase::ReadsBody) {
    return phase_since_ + limits.body + Milliseconds(1000 * body_received_ / limits.body_rate_min);
  }
  return phase_since_ + (scanner_.has_begun() ? limits.head : limits.idle);
}

void Http1Connection::on_deadline() {
  if (deadline() > host_.now()) return;
  if (phase_ == Phase::ReadsHead && !scanner_.has_begun()) {
    is_ending_ = true;
    return;
  }
  dispatcher_.counters().timeouts.add();
  refuse(problem(408));
}

void Http1Connection::drain() {
  is_draining_ = true;
  if (phase_ == Phase::ReadsHead && unparsed_.empty()) is_ending_ = true;
  host_.update();
}

}  // namespace claviger::http
