// Reads a flat JSON object of texts and numbers, which is all that a small configuration needs: no
// exceptions, no library. Objects and lists inside it are refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

class JsonObject {
public:
  struct Field {
    std::string name;
    std::string text;
    bool is_text;
  };

  /// Empty `problem()` means that all of `source` was read.
  explicit JsonObject(std::string_view source) : source_(source) {
    expect('{');
    if (peek() != '}') {
      do
        readField();
      while (problem_.empty() && accept(','));
    }
    expect('}');
    if (problem_.empty() && peek() != '\0') fail("expected nothing more");
  }

  const std::string &problem() const { return problem_; }
  const std::vector<Field> &fields() const { return fields_; }

private:
  void readField() {
    Field field;
    field.name = readText();
    expect(':');
    field.is_text = peek() == '"';
    field.text = field.is_text ? readText() : readNumber();
    fields_.push_back(std::move(field));
  }

  std::string readText() {
    std::string text;
    expect('"');
    while (problem_.empty()) {
      if (position_ >= source_.size()) {
        fail("the text is not closed");
        break;
      }
      const char c = source_[position_++];
      if (c == '"') break;
      if (c == '\\')
        readEscape(text);
      else
        text += c;
    }
    return text;
  }

  void readEscape(std::string &text) {
    const char c = position_ < source_.size() ? source_[position_++] : '\0';
    static constexpr std::string_view names = "\"\\/bfnrt", values = "\"\\/\b\f\n\r\t";
    if (const auto index = names.find(c); c != '\0' && index != names.npos)
      text += values[index];
    else if (c == 'u')
      appendUtf8(text, readCharacter());
    else
      fail("unknown escape");
  }

  uint32_t readHex() {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
      const char c = position_ < source_.size() ? source_[position_++] : '\0';
      static constexpr std::string_view digits = "0123456789abcdef";
      const auto digit = digits.find(static_cast<char>(c >= 'A' && c <= 'F' ? c + 32 : c));
      if (digit == digits.npos) {
        fail("four hexadecimal digits must follow \\u");
        return 0;
      }
      value = value * 16 + static_cast<uint32_t>(digit);
    }
    return value;
  }

  /// What follows \u. Characters outside the basic plane come as two escapes.
  uint32_t readCharacter() {
    const auto high = readHex();
    if (high < 0xd800 || high > 0xdfff) return high;
    const bool pair = high < 0xdc00 && source_.substr(position_, 2) == "\\u";
    if (pair) position_ += 2;
    const auto low = pair ? readHex() : 0;
    if (low < 0xdc00 || low > 0xdfff) fail("half a character");
    return 0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff);
  }

  static void appendUtf8(std::string &text, uint32_t code) {
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else if (code < 0x800) {
      text += static_cast<char>(0xc0 | code >> 6);
      text += static_cast<char>(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
      text += static_cast<char>(0xe0 | code >> 12);
      text += static_cast<char>(0x80 | (code >> 6 & 0x3f));
      text += static_cast<char>(0x80 | (code & 0x3f));
    } else {
      text += static_cast<char>(0xf0 | code >> 18);
      text += static_cast<char>(0x80 | (code >> 12 & 0x3f));
      text += static_cast<char>(0x80 | (code >> 6 & 0x3f));
      text += static_cast<char>(0x80 | (code & 0x3f));
    }
  }

  std::string readNumber() {
    peek();
    const size_t end = source_.find_first_not_of("0123456789", position_);
    const auto digits = source_.substr(position_, end == source_.npos ? end : end - position_);
    if (digits.empty()) fail("expected a text or a number");
    position_ += digits.size();
    return std::string(digits);
  }

  /// The next character that is not white space; 0 at the end.
  char peek() {
    position_ = source_.find_first_not_of(" \t\r\n", position_);
    if (position_ == source_.npos) position_ = source_.size();
    return position_ < source_.size() ? source_[position_] : '\0';
  }

  bool accept(char c) {
    if (peek() != c) return false;
    position_++;
    return true;
  }

  void expect(char c) {
    if (problem_.empty() && !accept(c)) fail(std::string("expected ") + c);
  }

  void fail(const std::string &problem) {
    if (problem_.empty()) problem_ = problem + " at character " + std::to_string(position_ + 1);
  }

  std::string_view source_;
  size_t position_ = 0;
  std::vector<Field> fields_;
  std::string problem_;
};
