#include "tools/clavigerctl/import/interruption.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>

#include "core/base/assert.h"

namespace claviger::ctl {
namespace {

// A signal handler reaches nothing but globals.
std::atomic<bool> is_interrupted{false};
int wake_up = -1;

void interrupted(int) {
  is_interrupted.store(true);
  const std::uint64_t one = 1;
  if (::write(wake_up, &one, sizeof one) < 0) return;  // full: somebody was woken already
}

void handle(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

Interruption::Interruption() {
  CLAVIGER_ASSERT(wake_up < 0);
  is_interrupted.store(false);
  wake_up = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  handle(interrupted);
}

Interruption::~Interruption() {
  handle(SIG_DFL);
  if (wake_up >= 0) ::close(wake_up);
  wake_up = -1;
}

const std::atomic<bool>& Interruption::flag() const { return is_interrupted; }

void Interruption::wait(Milliseconds time) const {
  pollfd watched{.fd = wake_up, .events = POLLIN, .revents = 0};
  ::poll(&watched, 1, static_cast<int>(time.count()));
}

}  // namespace claviger::ctl
