#include "lib/service/web/transcode.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/json_util.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"

namespace patrol::web {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// json_util draws a picture of the place under its message; one line is enough for an API.
std::string FirstLine(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

absl::Status MergeJson(std::string_view json, Message* message) {
  const std::unique_ptr<Message> parsed(message->New());
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), parsed.get());
  if (!status.ok()) {
    const auto text = status.message();
    return absl::InvalidArgumentError(FirstLine(std::string_view(text.data(), text.size())));
  }
  message->MergeFrom(*parsed);
  return absl::OkStatus();
}

const FieldDescriptor* FindField(const Descriptor& type, const std::string& name) {
  if (const FieldDescriptor* field = type.FindFieldByName(name)) return field;
  return type.FindFieldByCamelcaseName(name);
}

// Those that proto3 JSON writes as one string.
bool IsTextMessage(const Descriptor& type) {
  return type.full_name() == "google.protobuf.Timestamp" ||
         type.full_name() == "google.protobuf.Duration" ||
         type.full_name() == "google.protobuf.FieldMask";
}

// Sets the field at `path` ("camera.name") from text, through the JSON reader: one set of rules for
// numbers, enums, times and masks.
absl::Status SetField(const Descriptor& type, const std::string& path, const std::string& text,
                      Message* message) {
  const Descriptor* at = &type;
  std::string json;
  std::string closing;
  std::string last;
  for (const std::string& name : std::vector<std::string>(absl::StrSplit(path, '.'))) {
    const FieldDescriptor* field = at == nullptr ? nullptr : FindField(*at, name);
    if (field == nullptr) return absl::InvalidArgumentError("there is no such parameter");
    absl::StrAppend(&json, "{", JsonString(field->json_name()), ":");
    closing += '}';
    last = "a string";
    if (field->type() == FieldDescriptor::TYPE_BOOL) last = "a bool";
    const bool message_type = field->type() == FieldDescriptor::TYPE_MESSAGE;
    if (message_type && !IsTextMessage(*field->message_type())) last = "";
    at = message_type ? field->message_type() : nullptr;
    if (field->is_repeated()) return absl::InvalidArgumentError("is a list; lists go in the body");
  }
  if (last.empty()) return absl::InvalidArgumentError("is an object; objects go in the body");
  if (last == "a bool" && text != "true" && text != "false") {
    return absl::InvalidArgumentError(absl::StrCat("must be true or false, is \"", text, "\""));
  }
  absl::StrAppend(&json, last == "a bool" ? text : JsonString(text), closing);
  return MergeJson(json, message);
}

absl::Status MergeQuery(std::string_view query, Message* message) {
  std::set<std::string> seen;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const auto name = PercentDecode(pair.substr(0, equals), true);
    const auto value = PercentDecode(
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (!name || !value) {
      return absl::InvalidArgumentError(
          absl::StrCat("query parameter \"", std::string(pair), "\": broken percent-encoding"));
    }
    const std::string context = absl::StrCat("query parameter \"", *name, "\"");
    if (!seen.insert(*name).second) {
      return absl::InvalidArgumentError(absl::StrCat(context, ": given twice"));
    }
    const absl::Status set = SetField(*message->GetDescriptor(), *name, *value, message);
    if (!set.ok()) return Annotate(set, context);
  }
  return absl::OkStatus();
}

absl::Status MergeBody(const Route& route, std::string_view body, Message* message) {
  const std::string name(route.body_field);
  if (route.body == BodyKind::kNone) {
    if (body.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("body: this method takes none");
  }
  if (body.empty()) return absl::InvalidArgumentError("body: empty");
  const FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(name);
  if (route.body == BodyKind::kText) {
    message->GetReflection()->SetString(message, field, std::string(body));
    return absl::OkStatus();
  }
  const absl::Status merged =
      MergeJson(body, message->GetReflection()->MutableMessage(message, field));
  return merged.ok() ? merged : Annotate(merged, "body");
}

std::string StringField(const Message& message, const char* name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  return message.GetReflection()->GetString(message, field);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Message>> BuildRequest(const RouteMatch& match,
                                                      std::string_view query,
                                                      std::string_view body) {
  std::unique_ptr<Message> request(match.route->request->New());
  // The path comes last: it says which resource, whatever a body repeats of it.
  PATROL_RETURN_IF_ERROR(MergeBody(*match.route, body, request.get()));
  PATROL_RETURN_IF_ERROR(MergeQuery(query, request.get()));
  if (!match.field.empty()) {
    const absl::Status set =
        SetField(*request->GetDescriptor(), match.field, match.value, request.get());
    if (!set.ok()) return Annotate(set, absl::StrCat("path \"", match.value, "\""));
  }
  return request;
}

absl::StatusOr<Answer> BuildAnswer(const Route& route, const Message& response) {
  Answer answer;
  switch (route.answer) {
    case AnswerKind::kJson: {
      answer.content_type = "application/json";
      PATROL_ASSIGN_OR_RETURN(answer.body, ToJson(response));
      return answer;
    }
    case AnswerKind::kJpeg: {
      answer.content_type = "image/jpeg";
      answer.body = StringField(response, "jpeg");
      const FieldDescriptor* time = response.GetDescriptor()->FindFieldByName("time");
      if (time != nullptr && response.GetReflection()->HasField(response, time)) {
        const auto& instant = static_cast<const google::protobuf::Timestamp&>(
            response.GetReflection()->GetMessage(response, time));
        answer.headers.emplace_back("X-Picture-Time",
                                    FormatUtc(absl::FromUnixSeconds(instant.seconds()) +
                                              absl::Nanoseconds(instant.nanos() / 1000 * 1000)));
      }
      return answer;
    }
    case AnswerKind::kGeoJson: {
      answer.content_type = "application/geo+json";
      answer.body = StringField(response, "geojson");
      const FieldDescriptor* revision = response.GetDescriptor()->FindFieldByName("revision");
      const int64_t number = response.GetReflection()->GetInt64(response, revision);
      if (number != 0) answer.headers.emplace_back("X-Revision", absl::StrCat(number));
      return answer;
    }
  }
  return absl::InternalError("unknown kind of answer");
}

Answer ErrorAnswer(const absl::Status& status, int http_status) {
  Answer answer;
  answer.status = http_status != 0 ? http_status : HttpStatus(status.code());
  answer.content_type = "application/json";
  answer.body = absl::StrCat(
      "{\"error\":{\"code\":", answer.status, ",\"status\":\"",
      std::string(CodeName(status.code())), "\",\"message\":",
      JsonString(std::string_view(status.message().data(), status.message().size())), "}}");
  return answer;
}

int HttpStatus(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kCancelled:
      return 499;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

std::string_view CodeName(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return "OK";
    case absl::StatusCode::kCancelled:
      return "CANCELLED";
    case absl::StatusCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case absl::StatusCode::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case absl::StatusCode::kNotFound:
      return "NOT_FOUND";
    case absl::StatusCode::kAlreadyExists:
      return "ALREADY_EXISTS";
    case absl::StatusCode::kPermissionDenied:
      return "PERMISSION_DENIED";
    case absl::StatusCode::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case absl::StatusCode::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case absl::StatusCode::kAborted:
      return "ABORTED";
    case absl::StatusCode::kOutOfRange:
      return "OUT_OF_RANGE";
    case absl::StatusCode::kUnimplemented:
      return "UNIMPLEMENTED";
    case absl::StatusCode::kInternal:
      return "INTERNAL";
    case absl::StatusCode::kUnavailable:
      return "UNAVAILABLE";
    case absl::StatusCode::kDataLoss:
      return "DATA_LOSS";
    case absl::StatusCode::kUnauthenticated:
      return "UNAUTHENTICATED";
    default:
      return "UNKNOWN";
  }
}

absl::StatusOr<std::string> ToJson(const Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) {
    const auto text = status.message();
    return absl::InternalError(absl::StrCat(message.GetDescriptor()->full_name(),
                                            " as JSON: ", std::string(text.data(), text.size())));
  }
  return json;
}

std::string JsonString(std::string_view text) {
  google::protobuf::Value value;
  value.set_string_value(std::string(text));
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(value, &json).ok()) return "\"\"";
  return json;
}

}  // namespace patrol::web
