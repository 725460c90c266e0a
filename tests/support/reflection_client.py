"""A gRPC client that knows nothing of patrolcircle: all it calls it learns through server reflection.

use: client = Client('127.0.0.1:7700'); client.services()
     client.call('patrol.v1.UnitService/ListUnits', {'pageSize': 10})"""
import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

REFLECTION = '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo'


def _reflection_messages():
    """grpc.reflection.v1alpha's request and answer as far as used here (numbers of its .proto)."""
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name='subset.proto', package='subset', syntax='proto3')

    def message(name, *fields):
        made = file.message_type.add(name=name)
        for field, number, kind, repeated, type_name in fields:
            made.field.add(name=field, number=number, type=kind, type_name=type_name,
                           label=kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL)

    message('Request', ('file_containing_symbol', 4, kinds.TYPE_STRING, False, None))
    message('Files', ('file_descriptor_proto', 1, kinds.TYPE_BYTES, True, None))
    message('Service', ('name', 1, kinds.TYPE_STRING, False, None))
    message('Services', ('service', 1, kinds.TYPE_MESSAGE, True, '.subset.Service'))
    message('Response', ('file_descriptor_response', 4, kinds.TYPE_MESSAGE, False, '.subset.Files'),
            ('list_services_response', 6, kinds.TYPE_MESSAGE, False, '.subset.Services'))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return [factory.GetPrototype(pool.FindMessageTypeByName('subset.' + name))
            for name in ('Request', 'Response')]


class Client:
    def __init__(self, address):
        self.channel = grpc.insecure_channel(
            address, options=[('grpc.max_receive_message_length', 64 << 20)])
        self._request, self._response = _reflection_messages()
        self._pool = descriptor_pool.DescriptorPool()
        self._factory = message_factory.MessageFactory(self._pool)
        self._known = set()

    def _reflect(self, **fields):
        # list_services (7) is one of several: it must be on the wire even though it is empty.
        request = self._request(**fields).SerializeToString() or b'\x3a\x00'
        stream = self.channel.stream_stream(REFLECTION, request_serializer=lambda raw: raw,
                                            response_deserializer=self._response.FromString)
        return next(iter(stream(iter([request]), timeout=10)))

    def services(self):
        return sorted(s.name for s in self._reflect().list_services_response.service)

    def _learn(self, service):
        answer = self._reflect(file_containing_symbol=service)
        waiting = {}
        for raw in answer.file_descriptor_response.file_descriptor_proto:
            file = descriptor_pb2.FileDescriptorProto.FromString(raw)
            waiting[file.name] = file
        while waiting:
            for file in [f for f in waiting.values() if not any(d in waiting for d in f.dependency)]:
                self._pool.Add(file)  # adding the same file again does nothing
                del waiting[file.name]
        self._known.add(service)

    def _callable(self, path):
        service, name = path.split('/')
        if service not in self._known:
            self._learn(service)
        method = self._pool.FindServiceByName(service).FindMethodByName(name)
        proto = descriptor_pb2.MethodDescriptorProto()
        method.CopyToProto(proto)
        kind = (('stream' if proto.client_streaming else 'unary') + '_' +
                ('stream' if proto.server_streaming else 'unary'))
        answer = self._factory.GetPrototype(method.output_type)
        return (self._factory.GetPrototype(method.input_type),
                getattr(self.channel, kind)('/' + path,
                                            request_serializer=lambda m: m.SerializeToString(),
                                            response_deserializer=answer.FromString))

    def call(self, path, fields=None, timeout=20):
        """A unary call; request and answer as JSON-like dicts."""
        request, function = self._callable(path)
        return _to_dict(function(json_format.ParseDict(fields or {}, request()), timeout=timeout))

    def watch(self, path, fields=None, timeout=60):
        """A server stream: yields answers as dicts."""
        request, function = self._callable(path)
        for answer in function(json_format.ParseDict(fields or {}, request()), timeout=timeout):
            yield _to_dict(answer)

    def stream(self, path, requests, timeout=60):
        """A stream both ways: yields answers as dicts."""
        request, function = self._callable(path)
        messages = (json_format.ParseDict(fields, request()) for fields in requests)
        for answer in function(messages, timeout=timeout):
            yield _to_dict(answer)


def _to_dict(message):
    return json_format.MessageToDict(message, including_default_value_fields=True)
