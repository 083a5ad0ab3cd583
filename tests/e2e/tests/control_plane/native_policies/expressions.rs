//! Expressions of policies, by the library that they are for.
//!
//! They read the annotations of an object, which every kind has: `@size` stands for
//! `object.metadata.annotations.size`. The annotations are good, odd, wrong or absent, so that each
//! expression is true of some objects, false of others, and without a value for some.

/// What must be true: a library, and expressions of it.
pub(super) const CONDITIONS: &[(&str, &[&str])] = &[
    (
        "standard.logic",
        &[
            "has(object.metadata.labels) && !(@count == '0')",
            "@count == '3' || @missing == 'x'",
            "@missing == 'x' && @count == '3'",
            "@words == '' ? @missing == '' : true",
            "!has(object.metadata.annotations.size)",
            "@missing == 'x' || @count != '3'",
        ],
    ),
    (
        "standard.comparison",
        &[
            "@size < @version",
            "object.metadata.name >= 'm'",
            "'size' in object.metadata.annotations",
            "@count in ['3', '0', 'x']",
            "[1, 2.0, 3u] == [1, 2, 3]",
            "int(@count) <= 3",
            "dyn(@count) == dyn(3)",
            "object.metadata.labels == object.metadata.annotations",
            "dyn(@count) < dyn(3)",
        ],
    ),
    (
        "standard.arithmetic",
        &[
            "int(@count) + 1 > 1",
            "10 / int(@count) >= -1",
            "10 % int(@count) == 1",
            "int(@count) * 9223372036854775807 != 0",
            "-int(@count) < 0",
            "double(@ratio) * 2.0 > 1.0",
            "uint(@count) - 1u > 0u",
            "@size + @count == '100Mi3'",
            "duration(@wait) + duration('1h') > duration('1h')",
            "timestamp(@when) - timestamp('2024-01-01T00:00:00Z') > duration('0s')",
        ],
    ),
    (
        "standard.conversion",
        &[
            "int(@count) >= 0",
            "double(@ratio) > 1.0",
            "bool(@flag)",
            "string(bytes(@words)) == @words",
            "int(double(@ratio)) == 1",
            "uint(@count) > 0u",
            "string(double(@ratio)) == '1.5'",
            "string(duration(@wait)) == '90s'",
            "string(timestamp(@when)) == '2024-02-29T23:59:59Z'",
            "type(@size) == string",
            "int(timestamp(@when)) > 0",
        ],
    ),
    (
        "standard.text",
        &[
            "@size.endsWith('Mi')",
            "@words.contains('b')",
            "@name.startsWith('my')",
            "@words.matches(@pattern)",
            "size(@words) > 4",
            "matches(@name, '^[a-z-]+$')",
        ],
    ),
    (
        "standard.time",
        &[
            "timestamp(@when).getFullYear() == 2024",
            "timestamp(@when).getDayOfYear() == 59",
            "timestamp(@when).getHours('+05:30') == 5",
            "timestamp(@when).getDayOfWeek('America/New_York') == 4",
            "duration(@wait).getMinutes() > 1",
            "timestamp(@when) < timestamp('2025-01-01T00:00:00Z')",
            "timestamp(@when).getHours('Nowhere/None') == 5",
            "timestamp(@when).getMilliseconds() == 500",
        ],
    ),
    (
        "standard.collection",
        &[
            "object.metadata.annotations.exists(key, key == 'size')",
            "object.metadata.annotations.all(key, size(key) < 8)",
            "@words.split(',').exists_one(word, word == 'a')",
            "@words.split(',').map(word, size(word)).exists(length, length == 1)",
            "@words.split(',').filter(word, word != 'a').size() > 1",
            "@words.split(',')[2] == 'c'",
            "@words.split(',').all(word, int(word) > 0)",
            "@words.split(',').exists(word, word == 'b' || int(word) > 0)",
            "object.metadata.annotations['missing'] == 'x'",
            "size(object.metadata.annotations) > 8",
        ],
    ),
    (
        "kubernetes.url",
        &[
            "isURL(@url)",
            "url(@url).getScheme() == 'https'",
            "url(@url).getHost() == 'example.com:8443'",
            "url(@url).getHostname() == '::1'",
            "url(@url).getPort() == '8443'",
            "url(@url).getEscapedPath() == '/a%20b'",
            "url(@url).getQuery()['x'] == ['1', '3']",
        ],
    ),
    (
        "kubernetes.lists",
        &[
            "@words.split(',').isSorted()",
            "[int(@count), 1, 2].sum() > 3",
            "[int(@count), 1, 2].min() == 0",
            "[double(@ratio), 0.5].max() == 1.5",
            "@words.split(',').indexOf('b') == 1",
            "@words.split(',').lastIndexOf('a') == 3",
            "@words.split(',').filter(word, word == 'z').max() == 'z'",
        ],
    ),
    (
        "kubernetes.regex",
        &[
            "@words.find('[a-z]+') == 'a'",
            "@words.findAll('[a-c]').size() > 2",
            "@words.findAll('[a-c]', 2) == ['a', 'b']",
            "@words.find(@pattern) != ''",
        ],
    ),
    (
        "ext.strings",
        &[
            "@words.charAt(2) == 'b'",
            "@words.indexOf('b') >= 0",
            "@words.lastIndexOf('a', 3) == 0",
            "@words.replace(',', '-', 1) == 'a-b,c'",
            "@words.substring(2, 4) == 'b,'",
            "@name.lowerAscii() == @name",
            "@name.upperAscii() != 'MY-NAME'",
            "@name.trim() == @name",
            "@words.split(',', 2).join('+') == 'a+b,c'",
            "@words.split('').reverse().join() == 'c,b,a'",
        ],
    ),
    (
        "ext.strings.quote",
        &[
            "strings.quote(@words) == '\"a,b,c\"'",
            "size(strings.quote(@odd)) > 9",
        ],
    ),
    (
        "ext.strings.format",
        &[
            "'%s and %d'.format([@words, size(@words)]) == 'a,b,c and 5'",
            "'%.2f'.format([double(@ratio)]) == '1.50'",
            "'%x|%X|%o|%b'.format([int(@count), 255, 8, 5]) == '3|FF|10|101'",
            "'%e'.format([double(@ratio)]).startsWith('1.5')",
            "'%s'.format([[1, 'a', {'k': @flag}]]) == '[1, a, {k: true}]'",
            "'%d'.format([dyn(@count)]) == '3'",
        ],
    ),
    (
        "kubernetes.authorizer",
        &[
            "authorizer.group('').resource('pods').namespace('default').check('create').allowed()",
            "authorizer.group('apps').resource('deployments').name(@name).check('get').reason() == ''",
            "authorizer.serviceAccount('default', 'default').group('').resource('secrets').namespace('default').check('list').allowed()",
            "authorizer.path('/healthz').check('get').allowed()",
            "authorizer.serviceAccount('default', @name).path('/metrics').check('get').allowed()",
            "!authorizer.serviceAccount('default', 'default').group('').resource('pods').subresource('exec').namespace('default').check('create').errored()",
            "authorizer.path('').check('get').allowed()",
            "authorizer.requestResource.check('create').allowed()",
            "authorizer.serviceAccount('no such', 'UPPER').path('/x').check('get').allowed()",
        ],
    ),
    (
        "optional",
        &[
            "object.metadata.?annotations.?size.orValue('none') == 'none'",
            "object.metadata.annotations[?'missing'].hasValue()",
            "optional.ofNonZeroValue(@words).hasValue()",
            "object.metadata.?annotations.?flag.optMap(flag, flag == 'true').orValue(false)",
            "object.?spec.?nothing.value() == 1",
            "object.metadata.annotations[?'size'].or(optional.of('2')).value() == '2'",
            "optional.of(@size).optFlatMap(text, optional.ofNonZeroValue(text)).hasValue()",
        ],
    ),
    (
        "kubernetes.quantity",
        &[
            "isQuantity(@size)",
            "quantity(@size).isGreaterThan(quantity('1Mi'))",
            "quantity(@size).compareTo(quantity('1536Mi')) == 0",
            "quantity(@size).add(quantity('1')).sub(1).compareTo(quantity(@size)) == 0",
            "quantity(@size).asInteger() == 2",
            "quantity(@size).isInteger()",
            "quantity(@size).asApproximateFloat() < 3.0",
            "quantity(@size).sign() == 1",
        ],
    ),
    (
        "ext.sets",
        &[
            "sets.contains(@words.split(','), ['a', 'b'])",
            "sets.equivalent(@words.split(','), ['c', 'b', 'a'])",
            "sets.intersects(@words.split(','), ['z', ''])",
        ],
    ),
    (
        "kubernetes.ip",
        &[
            "isIP(@ip)",
            "ip(@ip).family() == 4",
            "ip(@ip).isLoopback()",
            "ip(@ip).isGlobalUnicast()",
            "ip(@ip).isLinkLocalUnicast() || ip(@ip).isLinkLocalMulticast()",
            "ip.isCanonical(@ip)",
            "string(ip(@ip)) == '10.1.2.3'",
            "ip(@ip) == ip('::1')",
            "ip(@ip).isUnspecified()",
        ],
    ),
    (
        "kubernetes.cidr",
        &[
            "isCIDR(@cidr)",
            "cidr(@cidr).containsIP('10.1.2.3')",
            "cidr(@cidr).containsIP(ip(@ip))",
            "cidr(@cidr).containsCIDR('10.1.0.0/16')",
            "cidr(@cidr).prefixLength() > 8",
            "cidr(@cidr).masked() == cidr(@cidr)",
            "string(cidr(@cidr).ip()) == '10.0.0.0'",
        ],
    ),
    (
        "kubernetes.format",
        &[
            "!format.dns1123Label().validate(@name).hasValue()",
            "!format.named('dns1123Subdomain').value().validate(@name).hasValue()",
            "format.qualifiedName().validate(@name).orValue([]).size() == 0",
            "!format.uri().validate(@url).hasValue()",
            "!format.datetime().validate(@when).hasValue()",
            "!format.labelValue().validate(@words).hasValue()",
            "format.named(@name).hasValue()",
            "!format.byte().validate(@b64).hasValue()",
            "!format.date().validate(@when).hasValue()",
        ],
    ),
    (
        "ext.twoVariableComprehensions",
        &[
            "object.metadata.annotations.all(key, value, size(key) > 1 && size(value) > 0)",
            "object.metadata.annotations.exists(key, value, key == 'count' && int(value) > 0)",
            "@words.split(',').existsOne(index, word, index > 0 && word == 'a')",
            "@words.split(',').transformList(index, word, word + string(index)) == ['a0', 'b1', 'c2']",
            "object.metadata.labels.transformMap(key, value, value + '!').size() > 1",
            "@words.split(',').transformMapEntry(index, word, {word: index}).size() > 2",
        ],
    ),
    (
        "kubernetes.semver",
        &[
            "isSemver(@version)",
            "semver(@version).isGreaterThan(semver('1.2.0'))",
            "semver(@version, true).major() == 1",
            "isSemver(@version, true)",
            "semver(@version).compareTo(semver('2.0.0')) == -1",
            "semver(@version).minor() + semver(@version).patch() == 5",
        ],
    ),
    (
        "ext.lists",
        &[
            "@words.split(',').sort() == ['a', 'b', 'c']",
            "@words.split(',').distinct().size() == 3",
            "@words.split(',').slice(1, 3) == ['b', 'c']",
            "[[1], [2, int(@count)]].flatten().size() == 3",
            "lists.range(int(@count)).size() == 3",
            "@words.split(',').reverse()[0] == 'c'",
            "@words.split(',').first().orValue('') == 'a'",
            "@words.split(',').sortBy(word, size(word))[0] == 'a'",
            "@words.split(',').last().value() == 'c'",
        ],
    ),
    (
        "variables",
        &[
            "variables.parts.size() == 3",
            "variables.number > 0",
            "variables.parts.exists(part, part == string(variables.number))",
        ],
    ),
    (
        "request",
        &[
            "request.operation == 'CREATE' && request.dryRun",
            "request.userInfo.username == 'admin' && 'system:masters' in request.userInfo.groups",
            "request.namespace == 'pairs-one'",
            "request.name == object.metadata.name",
            "request.resource.resource in ['pods', 'configmaps']",
            "request.kind.kind == object.kind",
            "has(request.options.dryRun) && request.options.dryRun == ['All']",
            "request.subResource == ''",
            "has(request.userInfo.extra)",
            "oldObject == null",
            "oldObject.metadata.name == 'x'",
            "request.requestKind.kind == 'Pod'",
        ],
    ),
    (
        "namespaceObject",
        &[
            "namespaceObject.metadata.labels.team == 'one'",
            "namespaceObject.metadata.name == request.namespace",
            "namespaceObject.metadata.annotations.owner == 'us'",
            "has(namespaceObject.metadata.labels)",
            "namespaceObject.status.phase == 'Active'",
            "'kubernetes' in namespaceObject.spec.finalizers",
        ],
    ),
];

/// What must be true of the objects of one kind.
pub(super) const OF_KINDS: &[(&str, &[&str])] = &[
    (
        "Pod",
        &[
            "object.spec.containers.all(one, one.image.startsWith('ghcr.io/'))",
            "object.spec.containers[1].name == 'second'",
            "object.spec.containers.exists(one, has(one.resources.limits) && quantity(one.resources.limits.memory).isLessThan(quantity('1Gi')))",
            "object.spec.hostNetwork == true",
            "has(object.spec.terminationGracePeriodSeconds) && object.spec.terminationGracePeriodSeconds == 30",
            "object.spec.tolerations.size() == 2",
            "object.spec.containers.map(one, one.ports[0].containerPort).sum() > 80",
        ],
    ),
    (
        "Deployment",
        &[
            "object.spec.replicas <= 3",
            "object.spec.template.spec.containers[0].image.contains(':')",
            "object.spec.strategy.rollingUpdate.maxSurge == '25%'",
            "object.spec.paused",
            "type(object.spec.strategy.rollingUpdate.maxUnavailable) == int",
            "object.spec.selector.matchLabels.app == object.spec.template.metadata.labels.app",
        ],
    ),
    (
        "ConfigMap",
        &[
            "object.data.mode == 'fast'",
            "object.?data.?mode.orValue('slow') == 'slow'",
            "object.data.size() > 1",
            "object.immutable",
        ],
    ),
    (
        "Service",
        &[
            "object.spec.ports.all(port, port.port < 1024)",
            "object.spec.ports[0].targetPort == 'http'",
            "object.spec.ports[0].targetPort == 80",
            "object.spec.type == 'ClusterIP'",
            "object.spec.ports.exists_one(port, port.protocol == 'UDP')",
            "object.spec.sessionAffinityConfig.clientIP.timeoutSeconds == 10800",
        ],
    ),
    (
        "Widget",
        &[
            "object.spec.size > 3",
            "object.spec.parts.all(part, part.count > 0)",
            "object.spec.?free.?a.orValue(0) == 1",
            "object.spec.mode == 'plain'",
            "object.spec.tags.exists(tag, tag == 'red')",
            "object.spec.ratio > 0.5",
        ],
    ),
];

/// What must be true of parameters.
pub(super) const OF_PARAMETERS: &[&str] = &[
    "params != null",
    "int(@count) <= int(params.data.most)",
    "params.data.words.split(',').exists(word, word == @flag)",
    "params.metadata.name == 'first'",
    "has(params.data.rare)",
    "params.data.rare == 'yes'",
    "params.metadata.namespace == request.namespace",
    "params.kind == 'ConfigMap'",
];

/// What gives a message.
pub(super) const MESSAGES: &[&str] = &[
    "'the count is ' + @count",
    "'size ' + string(quantity(@size).asInteger())",
    "'two\\nlines'",
    "'  '",
    "'  in blanks  '",
    "@words",
    "'%s is not %d'.format([object.metadata.name, 1])",
    "@missing",
    "object.kind + ' of ' + request.namespace",
];

/// An expression with its annotations written out.
pub(super) fn written(expression: &str) -> String {
    expression.replace('@', "object.metadata.annotations.")
}
