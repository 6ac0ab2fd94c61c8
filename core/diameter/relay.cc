#include "core/diameter/relay.h"

#include "core/diameter/node_shard.h"

namespace claviger::diameter {

void Relay::handle(Request& request) {
  Edits edits;
  Forwarding how;
  how.to = {request.message().destination_host(), request.message().destination_realm()};
  how.deadline = request.shard().shard().now() + total_;
  how.attempt = attempt_;
  request.forward(edits, how);
}

}  // namespace claviger::diameter
