#include "tools/clavigerctl/noun.h"

namespace claviger::ctl {

std::optional<std::string> target_of(Invocation& invocation, const Noun& noun, std::string_view below) {
  return invocation.tenant_target(std::string(noun.collection) + path_segment(invocation.args.get(noun.operand)) +
                                  std::string(below));
}

ExitStatus ask_and_show(Invocation& invocation, const Noun& noun, std::string_view method, std::string_view below,
                        std::string_view body) {
  const auto target = target_of(invocation, noun, below);
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask(method, *target, body);
  return answer.is_ok() ? print_object(invocation, answer.body, noun.columns()) : answer.status;
}

ExitStatus ask_only(Invocation& invocation, std::string_view method, const std::optional<std::string>& target,
                    std::string_view body) {
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask(method, *target, body);
  if (answer.is_ok() && invocation.args.wants_json) invocation.print_json(answer.body.empty() ? "{}" : answer.body);
  return answer.status;
}

}  // namespace claviger::ctl
