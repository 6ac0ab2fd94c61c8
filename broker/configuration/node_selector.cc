#include "broker/configuration/node_selector.h"

#include <algorithm>
#include <charconv>

namespace claviger::configuration {
namespace {

constexpr Error kInvalid{Code::XcapSelector, "xcap.selector"};

bool is_name_character(char character) {
  const auto octet = static_cast<unsigned char>(character);
  return octet >= 0x80 || (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || character == '_' || character == '-' || character == '.' ||
         character == ':';
}

// Reads one selector from the front.
class Reader {
 public:
  Reader(std::string_view text, std::string_view space, const Prefixes& prefixes)
      : rest_(text), space_(space), prefixes_(prefixes) {}

  Result<NodeSelector> read() {
    NodeSelector selector;
    for (;;) {
      if (take("@")) {
        if (selector.steps.empty()) return kInvalid;
        selector.terminal = Terminal::Attribute;
        CLAVIGER_TRY(name, qualified({}));
        selector.attribute_space = std::move(name.first);
        selector.attribute = std::move(name.second);
        break;
      }
      if (take("namespace::*")) {
        if (selector.steps.empty()) return kInvalid;
        selector.terminal = Terminal::Namespaces;
        break;
      }
      if (selector.steps.size() == kStepsMax) return kInvalid;
      CLAVIGER_TRY(one, step());
      selector.steps.push_back(std::move(one));
      if (!take("/")) break;
    }
    if (!rest_.empty()) return kInvalid;
    return selector;
  }

 private:
  bool take(std::string_view mark) {
    if (!rest_.starts_with(mark)) return false;
    rest_.remove_prefix(mark.size());
    return true;
  }

  // Namespace and local name. Attributes without a prefix are in no namespace.
  Result<std::pair<std::string, std::string>> qualified(std::string_view space) {
    const std::size_t size =
        static_cast<std::size_t>(std::ranges::find_if_not(rest_, is_name_character) - rest_.begin());
    const std::string_view whole = rest_.substr(0, size);
    rest_.remove_prefix(size);
    const std::size_t colon = whole.find(':');
    const std::string_view name = colon == std::string_view::npos ? whole : whole.substr(colon + 1);
    if (name.empty() || name.find(':') != std::string_view::npos) return kInvalid;
    if (colon == std::string_view::npos) return std::pair(std::string(space), std::string(name));
    const auto bound =
        std::ranges::find(prefixes_, whole.substr(0, colon), &std::pair<std::string, std::string>::first);
    if (bound != prefixes_.end()) return std::pair(bound->second, std::string(name));
    if (whole.substr(0, colon) == "xml") return std::pair(std::string(kXmlSpace), std::string(name));
    return Error{Code::XcapSelector, "xcap.prefix"};
  }

  Result<Unit> predicate(SelectorStep& step) {
    if (take("@")) {
      if (!step.attribute.empty()) return kInvalid;
      CLAVIGER_TRY(name, qualified({}));
      step.attribute_space = std::move(name.first);
      step.attribute = std::move(name.second);
      if (!take("=") || rest_.empty() || (rest_.front() != '"' && rest_.front() != '\'')) return kInvalid;
      const std::size_t close = rest_.find(rest_.front(), 1);
      if (close == std::string_view::npos) return kInvalid;
      step.value = unescaped(rest_.substr(1, close - 1));
      rest_.remove_prefix(close + 1);
    } else {
      if (step.position != 0 || !step.attribute.empty()) return kInvalid;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), step.position);
      if (error != std::errc() || step.position == 0) return kInvalid;
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    }
    return take("]") ? Result<Unit>(Unit{}) : Result<Unit>(kInvalid);
  }

  Result<SelectorStep> step() {
    const std::string_view before = rest_;
    SelectorStep step;
    if (take("*")) {
      step.name = "*";
    } else {
      CLAVIGER_TRY(name, qualified(space_));
      step.space = std::move(name.first);
      step.name = std::move(name.second);
    }
    while (take("[")) {
      CLAVIGER_TRY(read, predicate(step));
    }
    step.text = before.substr(0, before.size() - rest_.size());
    return step;
  }

  std::string_view rest_;
  std::string_view space_;
  const Prefixes& prefixes_;
};

std::uint32_t find_child(const XmlTree& tree, std::uint32_t first, const SelectorStep& step) {
  std::uint32_t found = kNoElement;
  std::uint32_t number = 0;
  for (std::uint32_t at = first; at != kNoElement; at = tree[at].next_sibling) {
    if (!name_fits(tree, at, step)) continue;
    if (step.position != 0 && ++number != step.position) continue;
    if (!step_fits(tree, at, step)) continue;
    if (found != kNoElement) return kNoElement;
    found = at;
  }
  return found;
}

}  // namespace

Result<NodeSelector> parse_node_selector(std::string_view text, std::string_view space, const Prefixes& prefixes) {
  return Reader(text, space, prefixes).read();
}

bool name_fits(const XmlTree& tree, std::uint32_t element, const SelectorStep& step) {
  return step.name == "*" || (tree[element].name == step.name && tree[element].space == step.space);
}

bool step_fits(const XmlTree& tree, std::uint32_t element, const SelectorStep& step) {
  if (!name_fits(tree, element, step)) return false;
  if (step.attribute.empty()) return true;
  const XmlAttribute* attribute = find_attribute(tree, element, step.attribute_space, step.attribute);
  return attribute != nullptr && unescaped(attribute->value) == step.value;
}

const XmlAttribute* find_attribute(const XmlTree& tree, std::uint32_t element, std::string_view space,
                                   std::string_view name) {
  for (const XmlAttribute& each : tree.attributes(element)) {
    if (each.is_declaration() || each.name != name) continue;
    const std::string_view its = each.prefix.empty() ? std::string_view() : tree.space_of(element, each.prefix);
    if (its == space) return &each;
  }
  return nullptr;
}

std::uint32_t find_element(const XmlTree& tree, const NodeSelector& selector, std::size_t steps) {
  std::uint32_t at = find_child(tree, tree.root(), selector.steps[0]);
  for (std::size_t i = 1; i < steps && at != kNoElement; ++i) {
    at = find_child(tree, tree[at].first_child, selector.steps[i]);
  }
  return at;
}

}  // namespace claviger::configuration
