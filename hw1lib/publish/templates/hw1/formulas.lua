--[[
LaTeX formulas: their labels, and what they are in Typst.

pandoc translates them. Here stands in other words what its version 3.9 would lose: before, in
LaTeX, where LaTeX has such words; afterwards, in Typst, where only Typst has.
]]

local formulas = {}

-- The formula in a cell's bare \begin{align} ... \end{align}, which Jupyter shows as mathematics.
function formulas.environment(tex)
  return tex:match('^%s*(\\begin{(%a+%*?)}.*\\end{%2})%s*$')
end

function formulas.label(tex)
  return tex:match('\\label%s*{([^{}]*)}')
end

-- A formula without what names or numbers it, and with a gap between the pairs of columns of align.
function formulas.bare(tex)
  tex = tex:gsub('\\label%s*{[^{}]*}', ''):gsub('\\begin{equation%*?}', '')
  tex = tex:gsub('\\end{equation%*?}', ''):gsub('\\\\', '\1'):gsub('\\&', '\2')
  if tex:find('\\begin{align') then tex = tex:gsub('&([^&\1]*)&', '&%1\\qquad &') end
  return (tex:gsub('\1', '\\\\'):gsub('\2', '\\&'))
end

-- Spaces that pandoc makes a whole em or nothing.
local SPACES = {['\\!'] = '', ['\\;'] = '\\:'}

local function before(tex)
  tex = tex:gsub('\\\\', '\1'):gsub('\\%A', SPACES)
  tex = tex:gsub('\\begin{cases}.-\\end{cases}', function(cases)
    return (cases:gsub('&', '&\\quad '))
  end)
  return (tex:gsub('\1', '\\\\'))
end

-- Symbols that Typst has renamed since pandoc learned them.
local CIRCLED = {times = true, dot = true, minus = true, dash = true}
local function renamed(code)
  code = code:gsub('%f[%w]sect%f[^%w]', 'inter')
  return (code:gsub('%f[%w](%a+)%.circle%f[^%w]', function(name)
    return CIRCLED[name] and name .. '.o' or nil
  end))
end

-- Bars beside a letter, which would stand off from it; operators, which would be mere words. A bar
-- right after a bracket of Typst's has its size from report.typ.
local function after(code, tex)
  local operator = tex:find('\\operatorname%*') and 'op(%s, limits: #true)' or 'op(%s)'
  code = code:gsub('\\\\', '\1'):gsub('\\"', '\2')
  code = code:gsub('([^"]*)("?[^"]*"?)', function(outside, text)
    outside = renamed(outside):gsub('([^%[])\\|', '%1 class("normal", bar.v)')
    outside = outside:gsub('%[parallel%]', '[‖]'):gsub('∥', ' class("normal", bar.v.double)')
    if not tex:find('\\parallel') then
      outside = outside:gsub('%f[%a]parallel%f[^%a.]', 'class("normal", bar.v.double)')
    end
    if text ~= '' and outside:find('[^:] $') then text = operator:format(text) end
    return outside .. (text == '"||"' and '"‖"' or text)
  end)
  return (code:gsub('\2', '\\"'):gsub('\1', '\\\\'))
end

-- Commands that pandoc drops without a word.
local DROPPED = pandoc.List{'\\color%f[%A]', '\\tag%f[%A]', '\\hline%f[%A]'}

-- A formula in Typst; nil if pandoc cannot take over all of it.
function formulas.typst(kind, tex)
  local math = pandoc.Math(kind, before(tex))
  local log, code = pandoc.log.silence(
    pandoc.write, pandoc.Pandoc{pandoc.Plain{math}}, 'typst')
  local dropped = DROPPED:find_if(function(command) return tex:find(command) end)
  if #log == 0 and not dropped then return after(code:gsub('%s+$', ''), tex) end
end

return formulas
