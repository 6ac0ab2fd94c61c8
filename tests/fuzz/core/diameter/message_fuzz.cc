// A byte stream from a peer: cut into messages, each checked, answered, edited and walked as a node would. The first byte
// says in what pieces the rest arrives.
#include <cstdint>
#include <cstdlib>

#include "core/diameter/capabilities.h"
#include "core/diameter/check.h"
#include "core/diameter/edits.h"
#include "core/diameter/frame_reader.h"
#include "core/diameter/message_builder.h"
#include "core/diameter/overload.h"

namespace claviger::diameter {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

const Dictionary& dictionary() {
  static const Dictionary made = [] {
    Dictionary all = Dictionary::base();
    all.add(AvpRule{{612, 10415}, "item", AvpType::Grouped});
    all.add(AvpRule{{609, 10415}, "octets", AvpType::OctetString});
    all.add(CommandRule{16777216, 303, "request", true, {{avp::kSessionId, 1, 1}, {{612, 10415}, 1, 1}}});
    return all;
  }();
  return made;
}

// What is found in one look is what a walk finds.
void compare_with_walk(const Message& message) {
  constexpr std::size_t kComparedMax = 48;
  AvpWalk walk = message.walk();
  for (std::size_t n = 0; n < kComparedMax; ++n) {
    const auto avp = walk.next();
    if (!avp) return;
    const AvpId id{avp->code(), avp->vendor()};
    std::size_t count = 0;
    AvpWalk again = message.walk();
    while (const auto other = again.next()) {
      if (!other->is(id)) continue;
      const auto found = message.find_nth(id, count);
      require(found && found->whole().data() == other->whole().data() && found->flags() == other->flags());
      if (count == 0) require(message.find(id)->whole().data() == other->whole().data());
      ++count;
    }
    require(count > 0 && message.count(id) == count && !message.find_nth(id, count));
    require(count == 1 || !message.is_each_once());
    const AvpId absent{avp->code() ^ 0x40U, avp->vendor()};
    require(message.find(absent).has_value() == (message.count(absent) > 0));
  }
}

void handle(SlabPool& pool, const Slice& bytes) {
  const Message message(bytes);
  require(message.structure_end() <= bytes.size());
  compare_with_walk(message);
  static_cast<void>(check_routing(message));
  static_cast<void>(check_answer(message, dictionary()));
  static_cast<void>(message.outcome());
  static_cast<void>(message.priority());
  static_cast<void>(read_report(message));
  static_cast<void>(read_capabilities(message));
  const auto fault = check_request(message, dictionary());
  MessageBuilder builder = MessageBuilder::answer(pool, message);
  if (fault) builder.fault(*fault);
  if (const auto answer = builder.finish()) {
    const Message told(*answer);
    // Whatever came: what we say is well formed.
    require(told.structure() == Message::Structure::Sound && !told.header().is_request());
  }
  if (message.structure() != Message::Structure::Sound) return;
  Edits edits;
  edits.append(avp::kRouteRecord, as_bytes("peer.example"));
  if (const auto host = message.find(avp::kOriginHost)) edits.replace(message, *host, as_bytes("me.example"));
  if (const auto session = message.find(avp::kSessionId)) edits.remove(message, *session);
  const std::size_t size = edits.size_of(message);
  SlabWriter writer(pool, size);
  edits.splice(message, message.header(), writer.unwritten().first(size));
  writer.advance(size);
  const Message spliced(writer.finish());
  require(spliced.structure() == Message::Structure::Sound || spliced.avp_count() == kAvpsMax);
}

}  // namespace
}  // namespace claviger::diameter

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  if (size == 0) return 0;
  SlabPool pool;
  diameter::FrameReader reader(pool);
  const std::size_t piece = data[0] == 0 ? size : data[0];
  const Bytes stream = std::as_bytes(std::span(data + 1, size - 1));
  for (std::size_t at = 0; at < stream.size();) {
    const std::size_t count = std::min(piece, stream.size() - at);
    reader.feed(Slice::copy_of(pool, stream.subspan(at, count)));
    at += count;
    for (;;) {
      const auto next = reader.next();
      if (!next) return 0;
      if (!*next) break;
      diameter::handle(pool, **next);
    }
  }
  return 0;
}
