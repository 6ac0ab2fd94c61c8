#include "tools/clavigerctl/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>

namespace claviger::ctl {
namespace {

constexpr std::size_t kColumnsUsual = 80;

// Echo off while it lives.
class Silence {
 public:
  explicit Silence(int terminal) : terminal_(terminal) {
    if (::tcgetattr(terminal, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent.c_lflag |= ECHONL;
    is_silent_ = ::tcsetattr(terminal, TCSAFLUSH, &silent) == 0;
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence() {
    if (is_silent_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  bool is_silent() const { return is_silent_; }

 private:
  int terminal_;
  termios before_{};
  bool is_silent_ = false;
};

// Byte by byte: what follows the line belongs to somebody else.
Result<SecretBytes> read_line(int descriptor) {
  SecretBytes line(kPasswordBytesMax + 2);
  std::size_t size = 0;
  for (;;) {  // bounded: by the line's room
    if (size == line.size()) return Error{Code::TooLarge, "password"};
    std::byte* next = line.reveal_for_writing().data() + size;
    const ssize_t count = ::read(descriptor, next, 1);
    if (count < 0 && errno == EINTR) return Error{Code::Cancelled, "password"};
    if (count < 0) return Error{Code::Io, "password"};
    if (count == 0 || *next == std::byte{'\n'}) break;
    ++size;
  }
  if (size > 0 && line.reveal()[size - 1] == std::byte{'\r'}) --size;
  if (size == 0) return Error{Code::Empty, "password"};
  if (size > kPasswordBytesMax) return Error{Code::TooLarge, "password"};
  return SecretBytes(line.reveal().first(size));
}

void say(int terminal, std::string_view text) {
  if (::write(terminal, text.data(), text.size()) < 0) return;  // the question is lost, the answer is not
}

}  // namespace

bool is_terminal(int descriptor) { return ::isatty(descriptor) == 1; }

std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kColumnsUsual;
  return size.ws_col;
}

bool ask_yes_or_no(std::string_view question) {
  std::fprintf(stderr, "%.*s [y/N] ", static_cast<int>(question.size()), question.data());
  std::array<char, 16> answer{};
  if (std::fgets(answer.data(), static_cast<int>(answer.size()), stdin) == nullptr) return false;
  const std::string_view text(answer.data());
  return text == "y\n" || text == "Y\n" || text == "yes\n" || text == "Yes\n";
}

Result<SecretBytes> prompt_new_password(std::string_view whose) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0) return Error{Code::NotPermitted, "password.terminal"};
  auto result = [&]() -> Result<SecretBytes> {
    const Silence silence(terminal);
    if (!silence.is_silent()) return Error{Code::NotPermitted, "password.terminal"};
    say(terminal, "New password for " + std::string(whose) + ": ");
    CLAVIGER_TRY(first, read_line(terminal));
    say(terminal, "Once more: ");
    CLAVIGER_TRY(second, read_line(terminal));
    if (!first.equals(second.reveal())) return Error{Code::PasswordMismatch, "password"};
    return first;
  }();
  ::close(terminal);
  return result;
}

Result<SecretBytes> read_password_from_stdin() { return read_line(STDIN_FILENO); }

}  // namespace claviger::ctl
